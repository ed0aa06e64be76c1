//! Mail against a server and a decoder by others: aiosmtpd and Python's `email`, with and
//! without TLS. Run by `tests/peers/run`.
#![allow(clippy::unwrap_used)]

use notify::channel::set_up;
use notify::{Config, Message, ProblemKind};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Python of the peers; none if they are not asked for.
fn python() -> Option<String> {
    let python = std::env::var("SCANLOOP_PYTHON").ok();
    let is_required = std::env::var("SCANLOOP_PEERS").is_ok_and(|wish| wish == "required");
    assert!(
        python.is_some() || !is_required,
        "SCANLOOP_PYTHON is not set"
    );
    python
}

fn message() -> Message {
    Message {
        id: 1,
        to: "wang@plant.invalid".to_string(),
        subject: "【1级报警】TT-101.HH 反应釜温度高高（原料药合成单元 U100）".to_string(),
        text: "温度高高 128.4 °C\n.\nfrom here\n".to_string(),
        priority: 1,
        alarm: "TT-101.HH".to_string(),
    }
}

fn config(port: u16, tls: &str, authority: &str) -> Config {
    let text = format!(
        "[notify]\nstation = {{ en = \"S\", zh = \"合\" }}\nutc_offset = \"+08:00\"\n\
         [[notify.channel]]\nname = \"mail\"\nkind = \"smtp\"\nhost = \"localhost\"\n\
         port = {port}\ntls = \"{tls}\"\nca_file = \"{authority}\"\n\
         from = \"scanloop@plant.invalid\"\ntimeout_s = 10\n"
    );
    Config::read(&text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn try_with(tls: &str) {
    let Some(python) = python() else { return };
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/peers");
    let folder = std::env::temp_dir().join(format!("notify-{tls}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let child = Command::new(python)
        .args([&format!("{root}/mail.py"), tls])
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut peer = Peer(child);
    let mut lines = BufReader::new(peer.0.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let port: u16 = first.strip_prefix("PORT ").unwrap().parse().unwrap();
    let authority = folder.join("certificate.pem");
    let config_good = config(port, tls, &authority.to_string_lossy());
    let mut door = set_up(&config_good.channels[0]).unwrap();
    assert_eq!(door.send(&message()), Ok(()));
    let line = lines.next().unwrap().unwrap();
    let mail: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(mail["subject"].as_str(), Some(message().subject.as_str()));
    assert_eq!(mail["body"].as_str(), Some(message().text.as_str()));
    assert_eq!(mail["to"][0].as_str(), Some("wang@plant.invalid"));
    assert_eq!(mail["tls"].as_bool(), Some(tls != "none"));
    if tls != "none" {
        // Another authority: the server is not who it should be.
        let other = folder.join("other.pem");
        let config = config(port, tls, &other.to_string_lossy());
        let mut door = set_up(&config.channels[0]).unwrap();
        let problem = door.send(&message()).unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Tls, "{problem}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn aiosmtpd_takes_our_mail_and_python_reads_it() {
    try_with("none");
}

#[cfg(feature = "tls")]
#[test]
fn aiosmtpd_takes_our_mail_after_starttls_from_a_trusted_server_only() {
    try_with("starttls");
}

#[cfg(feature = "tls")]
#[test]
fn aiosmtpd_takes_our_mail_through_tls_from_a_trusted_server_only() {
    try_with("tls");
}
