//! A device on a serial line: Modbus RTU over a pair of pseudo-terminals.

use modbus_server::adu::PDU_BYTES_MAX;
use modbus_server::pdu::{decode_request, execute};
use modbus_server::{Bank, Tables};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_serial::{SerialPort, SerialStream};

/// One device at the far end of a line.
pub struct SerialDevice {
    tables: Arc<Mutex<Tables>>,
    /// Held open: without a holder the line would break between two visits.
    near: SerialStream,
    _runtime: tokio::runtime::Runtime,
}

impl SerialDevice {
    /// A device with this unit number and these registers.
    ///
    /// # Panics
    /// If the system has no terminals.
    pub fn new(unit: u8, tables: Tables) -> SerialDevice {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let entered = runtime.enter();
        let (far, near) = SerialStream::pair().expect("a pair of terminals");
        drop(entered);
        let tables = Arc::new(Mutex::new(tables));
        let served = tables.clone();
        runtime.spawn(async move {
            let ended = serve(far, unit, &served).await;
            println!("the serial device ended: {ended:?}");
        });
        SerialDevice {
            tables,
            near,
            _runtime: runtime,
        }
    }

    /// Path of the port at the near end.
    ///
    /// # Panics
    /// If it has none.
    pub fn path(&self) -> String {
        self.near.name().expect("the path of a terminal")
    }

    /// Looks at its registers, or changes them.
    pub fn with<R>(&self, act: impl FnOnce(&mut Tables) -> R) -> R {
        act(&mut self.tables.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Answers until the line breaks.
async fn serve(mut line: SerialStream, unit: u8, tables: &Mutex<Tables>) -> std::io::Result<()> {
    loop {
        // Unit, function, two words; 15 and 16 have a count of bytes and so many more.
        let mut frame = vec![0; 7];
        line.read_exact(&mut frame).await?;
        let rest = match frame[1] {
            15 | 16 => usize::from(frame[6]) + 2,
            _ => 1,
        };
        frame.resize(7 + rest, 0);
        line.read_exact(&mut frame[7..]).await?;
        let end = frame.len() - 2;
        // Another device's, or noise: silence.
        if frame[0] != unit || frame[end..] != crc(&frame[..end]) {
            continue;
        }
        let Ok(request) = decode_request(&frame[1..end]) else {
            continue;
        };
        let mut reply = vec![unit];
        {
            let mut bank = tables.lock().unwrap_or_else(PoisonError::into_inner);
            let mut pdu = [0; PDU_BYTES_MAX];
            let bank: &mut dyn Bank = &mut *bank;
            let written = execute(&request, bank, &mut pdu);
            reply.extend(&pdu[..written]);
        }
        reply.extend(crc(&reply));
        line.write_all(&reply).await?;
    }
}

/// CRC-16 of Modbus over Serial Line 1.02, 6.2.2: low byte first.
fn crc(bytes: &[u8]) -> [u8; 2] {
    let mut crc: u16 = 0xffff;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            let carry = crc & 1 == 1;
            crc >>= 1;
            if carry {
                crc ^= 0xa001;
            }
        }
    }
    crc.to_le_bytes()
}
