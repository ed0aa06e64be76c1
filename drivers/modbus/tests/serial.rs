//! A serial port, played by a pair of pseudo-terminals.

#![cfg(feature = "serial")]

use modbus::Parity;
use modbus::connect::{Connect, Serial};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_serial::{SerialPort, SerialStream};

/// Both ends of a line; the first has a path by which it can be opened again.
fn line() -> (SerialStream, SerialStream) {
    let (far, near) = SerialStream::pair().expect("a pair of terminals");
    (near, far)
}

fn port(near: &SerialStream) -> Serial {
    Serial {
        path: near.name().expect("a path"),
        baud: 19_200,
        parity: Parity::Even,
        stop_bits: 1,
    }
}

async fn until(is_so: impl Fn() -> bool) {
    let look = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), look).await;
    seen.expect("seen in time");
}

#[tokio::test]
async fn what_came_before_a_port_was_opened_answers_nothing() {
    let (near, mut far) = line();
    far.write_all(b"late").await.expect("written");
    until(|| near.bytes_to_read().is_ok_and(|bytes| bytes == 4)).await;
    let mut opened = port(&near).connect().await.expect("an open port");
    far.write_all(b"fresh").await.expect("written");
    let mut read = [0; 5];
    let whole = tokio::time::timeout(Duration::from_secs(20), opened.read_exact(&mut read)).await;
    whole.expect("in time").expect("read");
    assert_eq!(&read, b"fresh");
}

#[tokio::test]
async fn a_port_that_is_not_there_is_an_error_and_not_a_panic() {
    let mut nowhere = Serial {
        path: "/dev/no-such-port".into(),
        baud: 19_200,
        parity: Parity::None,
        stop_bits: 2,
    };
    assert!(nowhere.connect().await.is_err());
}
