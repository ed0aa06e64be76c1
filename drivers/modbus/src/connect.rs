//! Where connections come from: a seam, so that tests bring wires of their own.

use std::fmt::Debug;
use std::io;

use driver::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

#[cfg(feature = "serial")]
use crate::config::Parity;
use crate::config::{DeviceConfig, Transport};

/// Anything that carries bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Debug + Send + Unpin> Stream for T {}

/// Makes connections to one device.
pub trait Connect: Send + 'static {
    /// Tries once. The caller bounds the time.
    fn connect(&mut self) -> BoxFuture<io::Result<Box<dyn Stream>>>;
}

impl<F> Connect for F
where
    F: FnMut() -> BoxFuture<io::Result<Box<dyn Stream>>> + Send + 'static,
{
    fn connect(&mut self) -> BoxFuture<io::Result<Box<dyn Stream>>> {
        self()
    }
}

/// Connections over TCP.
#[derive(Clone, Debug)]
pub struct Tcp {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Connect for Tcp {
    fn connect(&mut self) -> BoxFuture<io::Result<Box<dyn Stream>>> {
        let (host, port) = (self.host.clone(), self.port);
        Box::pin(async move {
            let stream = TcpStream::connect((host.as_str(), port)).await?;
            // Requests are small and each waits for its reply: never gather them.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}

/// A serial port, opened anew for each connection: eight data bits, no flow control.
#[cfg(feature = "serial")]
#[derive(Clone, Debug)]
pub struct Serial {
    /// Path of the port, such as `/dev/ttyUSB0`.
    pub path: String,
    /// Bits per second.
    pub baud: u32,
    /// Parity bit.
    pub parity: Parity,
    /// Stop bits, 1 or 2.
    pub stop_bits: u8,
}

#[cfg(feature = "serial")]
impl Serial {
    fn open(&self) -> io::Result<tokio_serial::SerialStream> {
        use tokio_serial::{ClearBuffer, SerialPort, SerialPortBuilderExt, StopBits};
        let port = tokio_serial::new(self.path.as_str(), self.baud)
            .parity(match self.parity {
                Parity::Even => tokio_serial::Parity::Even,
                Parity::Odd => tokio_serial::Parity::Odd,
                Parity::None => tokio_serial::Parity::None,
            })
            .stop_bits(if self.stop_bits == 2 {
                StopBits::Two
            } else {
                StopBits::One
            })
            .open_native_async()?;
        // A port keeps what came while nobody read: answers to older questions.
        port.clear(ClearBuffer::Input)?;
        Ok(port)
    }
}

#[cfg(feature = "serial")]
impl Connect for Serial {
    fn connect(&mut self) -> BoxFuture<io::Result<Box<dyn Stream>>> {
        let port = self.open();
        Box::pin(async move { Ok(Box::new(port?) as Box<dyn Stream>) })
    }
}

/// The connections a device's record asks for.
pub(crate) fn from_config(config: &DeviceConfig) -> Box<dyn Connect> {
    match config.transport {
        #[cfg(feature = "serial")]
        Transport::Rtu => Box::new(Serial {
            path: config.host.clone(),
            baud: config.baud,
            parity: config.parity,
            stop_bits: config.stop_bits,
        }),
        // Without the feature, `DeviceConfig::check` has refused `rtu` before.
        #[cfg(not(feature = "serial"))]
        Transport::Rtu => Box::new(Tcp {
            host: config.host.clone(),
            port: config.port,
        }),
        Transport::Tcp | Transport::RtuOverTcp => Box::new(Tcp {
            host: config.host.clone(),
            port: config.port,
        }),
    }
}

impl Connect for Box<dyn Connect> {
    fn connect(&mut self) -> BoxFuture<io::Result<Box<dyn Stream>>> {
        (**self).connect()
    }
}
