//! A device that answers frame by frame as a test tells it, truth or not.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use driver::BoxFuture;
use modbus::{Connect, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// What the device does with one request.
#[derive(Clone, Debug)]
pub enum Act {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends them one by one, a millisecond apart.
    Drip(Vec<u8>),
    /// Waits.
    Wait(Duration),
    /// Closes the connection.
    Close,
}

/// From a request frame, header included, to what is done.
pub type Script = Arc<Mutex<dyn FnMut(&[u8]) -> Vec<Act> + Send>>;

pub struct Scripted(pub Script);

impl Connect for Scripted {
    fn connect(&mut self) -> BoxFuture<io::Result<Box<dyn Stream>>> {
        let script = Arc::clone(&self.0);
        Box::pin(async move {
            let (near, far) = tokio::io::duplex(1 << 17);
            tokio::spawn(serve(far, script));
            Ok(Box::new(near) as Box<dyn Stream>)
        })
    }
}

async fn serve(mut far: DuplexStream, script: Script) -> Option<()> {
    loop {
        let mut frame = vec![0; 6];
        far.read_exact(&mut frame).await.ok()?;
        let length = usize::from(u16::from_be_bytes([frame[4], frame[5]]));
        frame.resize(6 + length, 0);
        far.read_exact(&mut frame[6..]).await.ok()?;
        let acts = {
            let mut script = script.lock().expect("unpoisoned");
            script(&frame)
        };
        for act in acts {
            match act {
                Act::Send(bytes) => far.write_all(&bytes).await.ok()?,
                Act::Drip(bytes) => {
                    for byte in bytes {
                        far.write_all(&[byte]).await.ok()?;
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
                Act::Wait(pause) => tokio::time::sleep(pause).await,
                Act::Close => return None,
            }
        }
    }
}
