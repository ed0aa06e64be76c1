//! The server over real sockets.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use driver::StopSource;
use modbus_server::{Limits, ServeError, Server, ServerHealth, Tables, answer_stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;

struct Rig {
    address: SocketAddr,
    stop: StopSource,
    task: JoinHandle<()>,
    bank: Arc<Mutex<Tables>>,
    health: Arc<ServerHealth>,
}

async fn serve(limits: Limits) -> Rig {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::bind(loopback, &[1, 7], limits)
        .await
        .expect("binds");
    let mut tables = Tables::new(100, 100, 200, 200);
    for (index, register) in tables.input_registers.iter_mut().enumerate() {
        *register = index as u16 * 3;
    }
    let bank = Arc::new(Mutex::new(tables));
    let (stop, stopped) = StopSource::new();
    Rig {
        address: server.local_addr(),
        health: server.health(),
        task: tokio::spawn(server.run(bank.clone(), stopped)),
        bank,
        stop,
    }
}

fn read_one(transaction: u16, unit: u8, address: u16) -> [u8; 12] {
    let [high, low] = transaction.to_be_bytes();
    let [at_high, at_low] = address.to_be_bytes();
    [high, low, 0, 0, 0, 6, unit, 4, at_high, at_low, 0, 1]
}

async fn reply(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = [0; 6];
    stream.read_exact(&mut head).await?;
    let mut frame = head.to_vec();
    frame.resize(6 + usize::from(u16::from_be_bytes([head[4], head[5]])), 0);
    stream.read_exact(&mut frame[6..]).await?;
    Ok(frame)
}

async fn is_served(stream: &mut TcpStream) -> bool {
    stream.write_all(&read_one(1, 1, 2)).await.is_ok() && reply(stream).await.is_ok()
}

#[tokio::test]
async fn requests_in_one_segment_are_answered_in_order() {
    let rig = serve(Limits::default()).await;
    let mut stream = TcpStream::connect(rig.address).await.expect("connects");
    // More than the server's buffers hold at once, sent while replies are taken.
    let count = 5_000_u16;
    let requests: Vec<u8> = (0..count).flat_map(|n| read_one(n, 1, n % 200)).collect();
    let (mut reading, mut writing) = stream.split();
    let send = async { writing.write_all(&requests).await.expect("sends") };
    let take = async {
        for n in 0..count {
            let mut frame = [0; 11];
            reading.read_exact(&mut frame).await.expect("a reply");
            assert_eq!(frame[..2], n.to_be_bytes());
            assert_eq!(frame[9..], (n % 200 * 3).to_be_bytes());
        }
    };
    tokio::join!(send, take);
}

#[tokio::test]
async fn a_request_in_twelve_segments_is_answered() {
    // Each byte is taken before the next is sent: no clock decides the segments.
    let bank: Arc<Mutex<Tables>> = Arc::new(Mutex::new(Tables::new(1, 1, 1, 8)));
    let (mut near, far) = tokio::io::duplex(1);
    let task = tokio::spawn(async move {
        let health = ServerHealth::default();
        let bank: Arc<Mutex<dyn modbus_server::Bank>> = bank;
        answer_stream(far, &[1], &bank, Duration::from_secs(9), &health).await;
    });
    for n in 0..50 {
        for byte in read_one(n, 1, 3) {
            near.write_all(&[byte]).await.expect("sends");
        }
        let mut frame = [0; 11];
        near.read_exact(&mut frame).await.expect("a reply");
        assert_eq!(frame[..2], n.to_be_bytes());
    }
    drop(near);
    task.await.expect("ends with its connection");
}

#[tokio::test]
async fn foreign_units_get_exception_11_and_the_connection_stays() {
    let rig = serve(Limits::default()).await;
    let mut stream = TcpStream::connect(rig.address).await.expect("connects");
    for unit in 0..=255 {
        stream
            .write_all(&read_one(5, unit, 0))
            .await
            .expect("sends");
        let frame = reply(&mut stream).await.expect("a reply");
        match unit {
            1 | 7 => assert_eq!(frame[6..8], [unit, 4]),
            _ => assert_eq!(frame[6..], [unit, 0x84, 11]),
        }
    }
}

#[tokio::test]
async fn garbage_closes_its_connection_and_no_other() {
    let rig = serve(Limits::default()).await;
    let mut good = TcpStream::connect(rig.address).await.expect("connects");
    for garbage in [
        &[0, 1, 0, 9, 0, 6, 1, 3, 0, 0, 0, 1][..],
        &[0, 1, 0, 0, 0, 0, 1],
        &[0, 1, 0, 0, 1, 0, 1],
        &[0xff; 600],
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut bad = TcpStream::connect(rig.address).await.expect("connects");
        bad.write_all(garbage).await.expect("sends");
        let mut rest = Vec::new();
        // Closed: an end or a reset, but never bytes.
        let _ = bad.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
        assert!(is_served(&mut good).await);
    }
}

#[tokio::test]
async fn strangers_cannot_keep_a_reserved_client_out() {
    let reserved: IpAddr = [127, 0, 0, 2].into();
    let rig = serve(Limits {
        connections_max: 4,
        reserved: vec![reserved],
        ..Limits::default()
    })
    .await;
    let mut strangers = Vec::new();
    for n in 0..10 {
        let mut stream = TcpStream::connect(rig.address).await.expect("connects");
        assert_eq!(is_served(&mut stream).await, n < 3, "stranger {n}");
        strangers.push(stream);
    }
    // The reserved client comes again and again without closing anything.
    let mut own = Vec::new();
    for _ in 0..5 {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((reserved, 0).into()).expect("binds");
        let mut stream = socket.connect(rig.address).await.expect("connects");
        assert!(is_served(&mut stream).await);
        own.push(stream);
    }
    assert!(is_served(&mut strangers[0]).await);
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let rig = serve(Limits {
        idle_timeout: Duration::from_millis(30),
        ..Limits::default()
    })
    .await;
    let mut stream = TcpStream::connect(rig.address).await.expect("connects");
    assert!(is_served(&mut stream).await);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("an end");
    assert!(rest.is_empty());
}

#[tokio::test]
async fn the_order_to_stop_closes_every_connection() {
    let rig = serve(Limits::default()).await;
    let mut stream = TcpStream::connect(rig.address).await.expect("connects");
    assert!(is_served(&mut stream).await);
    rig.stop.stop();
    rig.task.await.expect("ends");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    assert!(TcpStream::connect(rig.address).await.is_err());
}

#[tokio::test]
async fn writes_reach_the_bank() {
    let rig = serve(Limits::default()).await;
    let mut stream = TcpStream::connect(rig.address).await.expect("connects");
    let write = [0, 1, 0, 0, 0, 6, 7, 6, 0, 10, 0xab, 0xcd];
    stream.write_all(&write).await.expect("sends");
    assert_eq!(reply(&mut stream).await.expect("a reply"), write);
    let bank = rig.bank.lock().expect("unpoisoned");
    assert_eq!(bank.holding_registers[10], 0xabcd);
    assert_eq!(
        rig.health
            .requests
            .load(std::sync::atomic::Ordering::Relaxed),
        1
    );
}

#[tokio::test]
async fn others_are_not_served_unless_that_is_said() {
    let anyone = SocketAddr::from(([0, 0, 0, 0], 0));
    let refused = Server::bind(anyone, &[1], Limits::default()).await;
    assert!(matches!(
        refused.err(),
        Some(ServeError::NotLoopback { .. })
    ));
}
