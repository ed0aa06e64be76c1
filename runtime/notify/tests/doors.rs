//! Channels against real servers on loopback.
#![allow(clippy::unwrap_used)]

mod receivers;

use notify::channel::{Channel, set_up};
use notify::{Config, Message, ProblemKind, SendProblem};
use receivers::{Mail, Web, base64, body, dead_port, mail_server, subject, web_server};

fn door(channel: &str) -> Box<dyn Channel> {
    let text = format!(
        "[notify]\nstation = {{ en = \"S\", zh = \"合\" }}\nutc_offset = \"+08:00\"\n\
         [[notify.channel]]\nname = \"c\"\n{channel}\n"
    );
    let config = Config::read(&text).unwrap_or_else(|problems| panic!("{problems:?}"));
    set_up(&config.channels[0]).unwrap()
}

fn mail_door(port: u16, tls: &str) -> Box<dyn Channel> {
    door(&format!(
        "kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"{tls}\"\n\
         from = \"scanloop@plant.invalid\"\ntimeout_s = 0.3\n{}",
        if tls == "none" {
            ""
        } else {
            "ca_file = \"tests/authority.pem\""
        }
    ))
}

fn web_door(port: u16, more: &str) -> Box<dyn Channel> {
    door(&format!(
        "kind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/hook?to={{to}}\"\n\
         body = '{{\"text\": \"{{message}}\", \"alarm\": \"{{alarm}}\"}}'\ntimeout_s = 0.3\n{more}"
    ))
}

fn message(to: &str) -> Message {
    Message {
        id: 7,
        to: to.to_string(),
        subject: "【1级报警】TT-101.HH 反应釜温度高高（原料药合成单元 U100）".to_string(),
        text: "温度高高\n128.4 °C\n.\n处置：\"停止\"加料\n".to_string(),
        priority: 1,
        alarm: "TT-101.HH".to_string(),
    }
}

fn kind(outcome: Result<(), SendProblem>) -> (ProblemKind, Option<u16>) {
    let problem = outcome.unwrap_err();
    (problem.kind, problem.code)
}

#[test]
fn a_mail_arrives_with_chinese_subject_and_body() {
    let server = mail_server(&[Mail::Takes]);
    let mut door = mail_door(server.port, "none");
    assert_eq!(door.send(&message("wang@plant.invalid")), Ok(()));
    let mail = server.arrived.recv().unwrap();
    assert!(mail.to.contains("<wang@plant.invalid>"));
    assert!(mail.from.contains("<scanloop@plant.invalid>"));
    assert_eq!(subject(&mail.text), message("").subject);
    assert_eq!(body(&mail.text), message("").text.replace('\n', "\r\n"));
    assert!(mail.text.contains("Auto-Submitted: auto-generated"));
}

#[test]
fn every_attempt_of_a_message_has_the_same_number() {
    let server = mail_server(&[Mail::AfterData("451 later"), Mail::Takes]);
    let mut door = mail_door(server.port, "none");
    let id = |text: &str| {
        let mut lines = text.lines();
        lines
            .find(|line| line.starts_with("Message-ID:"))
            .map(str::to_string)
    };
    assert_eq!(
        kind(door.send(&message("a@b.c"))),
        (ProblemKind::Busy, Some(451))
    );
    assert_eq!(door.send(&message("a@b.c")), Ok(()));
    let first = id(&server.arrived.recv().unwrap().text);
    assert!(first.is_some());
    assert_eq!(id(&server.arrived.recv().unwrap().text), first);
}

#[test]
fn a_subject_of_two_lines_gives_no_second_header_field() {
    let server = mail_server(&[Mail::Takes]);
    let mut door = mail_door(server.port, "none");
    let mut message = message("wang@plant.invalid");
    message.subject = "hot\r\nBcc: eve@evil.invalid\r\n\r\nbody".to_string();
    assert_eq!(door.send(&message), Ok(()));
    let mail = server.arrived.recv().unwrap();
    assert_eq!(subject(&mail.text), "hot Bcc: eve@evil.invalid body");
    assert!(!mail.text.contains("\r\nBcc:"));
    assert_eq!(
        mail.commands
            .iter()
            .filter(|line| line.starts_with("RCPT"))
            .count(),
        1
    );
}

#[test]
fn an_address_with_a_line_break_is_refused_before_anything_is_sent() {
    let mut door = mail_door(dead_port(), "none");
    let outcome = door.send(&message("a@b.c>\r\nRCPT TO:<eve@evil.invalid"));
    assert_eq!(kind(outcome), (ProblemKind::Refused, None));
}

#[test]
fn answers_of_a_mail_server_are_told_apart() {
    for (act, wanted) in [
        (
            Mail::Recipient("550 no such user"),
            (ProblemKind::Refused, Some(550)),
        ),
        (
            Mail::Recipient("451 come again"),
            (ProblemKind::Busy, Some(451)),
        ),
        (
            Mail::AfterData("552 too large"),
            (ProblemKind::Refused, Some(552)),
        ),
        (Mail::IsSilent, (ProblemKind::TimedOut, None)),
        (Mail::IsSilentAfterData, (ProblemKind::TimedOut, None)),
    ] {
        let server = mail_server(&[act]);
        let mut door = mail_door(server.port, "none");
        assert_eq!(kind(door.send(&message("a@b.c"))), wanted, "{act:?}");
    }
}

#[test]
fn a_mail_server_that_is_not_there_or_closes_is_unreachable() {
    let mut door = mail_door(dead_port(), "none");
    assert_eq!(
        kind(door.send(&message("a@b.c"))).0,
        ProblemKind::Unreachable
    );
    assert_eq!(kind(door.probe()).0, ProblemKind::Unreachable);
    let server = mail_server(&[Mail::Closes]);
    let outcome = kind(mail_door(server.port, "none").send(&message("a@b.c")));
    assert!(outcome.0.is_retried(), "{outcome:?}");
}

#[test]
fn a_probe_of_a_mail_server_sends_no_mail() {
    let server = mail_server(&[Mail::Takes]);
    assert_eq!(mail_door(server.port, "none").probe(), Ok(()));
    let commands = server.arrived.recv().unwrap().commands;
    assert!(!commands.iter().any(|line| line.starts_with("MAIL")));
}

#[test]
fn wrong_credentials_are_told_without_the_password() {
    let path = std::env::temp_dir().join(format!("notify-door-{}", std::process::id()));
    std::fs::write(&path, "opensesame\n").unwrap();
    let server = mail_server(&[Mail::Login("535 opensesame is wrong")]);
    let mut door = door(&format!(
        "kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nuser = \"u\"\n\
         password = {{ file = \"{}\" }}\nfrom = \"scanloop@plant.invalid\"",
        server.port,
        path.display()
    ));
    std::fs::remove_file(&path).unwrap();
    let problem = door.send(&message("a@b.c")).unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Credentials);
    assert!(!problem.to_string().contains("opensesame"));
}

#[cfg(feature = "tls")]
#[test]
fn without_the_required_tls_nothing_is_said() {
    let server = mail_server(&[Mail::Takes]);
    let mut door = mail_door(server.port, "starttls");
    assert_eq!(kind(door.send(&message("a@b.c"))).0, ProblemKind::Tls);
    let commands = server.arrived.recv().unwrap().commands;
    assert!(
        !commands
            .iter()
            .any(|line| line.starts_with("MAIL") || line.starts_with("AUTH"))
    );
}

#[test]
fn a_webhook_gets_what_plant_text_says_as_json() {
    let server = web_server(&[Web::Answers(200, "{}")]);
    let mut door = web_door(server.port, "");
    assert_eq!(door.send(&message("王 & co")), Ok(()));
    let asked = server.asked.recv().unwrap();
    assert_eq!(asked.line, "POST /hook?to=%E7%8E%8B%20%26%20co HTTP/1.1");
    let json: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(json["text"].as_str(), Some(message("").text.as_str()));
    assert_eq!(json["alarm"].as_str(), Some("TT-101.HH"));
}

#[test]
fn a_webhook_that_fails_once_gets_the_same_message_again() {
    let server = web_server(&[Web::Answers(500, "oh"), Web::Answers(200, "")]);
    let mut door = web_door(server.port, "");
    assert_eq!(
        kind(door.send(&message("x"))),
        (ProblemKind::Busy, Some(500))
    );
    assert_eq!(door.send(&message("x")), Ok(()));
    let key = |header: &[String]| {
        let mut lines = header.iter();
        lines
            .find(|line| line.to_lowercase().starts_with("idempotency-key"))
            .cloned()
    };
    let first = key(&server.asked.recv().unwrap().header);
    assert!(first.is_some());
    assert_eq!(key(&server.asked.recv().unwrap().header), first);
}

#[test]
fn answers_of_a_webhook_are_told_apart() {
    for (act, wanted) in [
        (Web::Answers(404, ""), (ProblemKind::Refused, Some(404))),
        (Web::Answers(401, ""), (ProblemKind::Credentials, Some(401))),
        (Web::Answers(429, ""), (ProblemKind::Busy, Some(429))),
        (Web::Redirects, (ProblemKind::Refused, Some(302))),
        (Web::IsSilent, (ProblemKind::TimedOut, None)),
    ] {
        let server = web_server(&[act]);
        let mut door = web_door(server.port, "");
        assert_eq!(kind(door.send(&message("x"))), wanted, "{act:?}");
    }
    assert_eq!(
        kind(web_door(dead_port(), "").send(&message("x"))).0,
        ProblemKind::Unreachable
    );
    assert_eq!(
        kind(web_door(dead_port(), "").probe()).0,
        ProblemKind::Unreachable
    );
}

#[test]
fn a_gateway_that_says_200_to_everything_is_read() {
    let server = web_server(&[
        Web::Answers(200, "{\"errcode\": 40001}"),
        Web::Answers(200, "{\"errcode\": 0}"),
    ]);
    let mut door = web_door(server.port, "expect = '\"errcode\": 0'");
    assert_eq!(
        kind(door.send(&message("x"))),
        (ProblemKind::Busy, Some(200))
    );
    assert_eq!(door.send(&message("x")), Ok(()));
}

#[test]
fn a_gateway_gets_its_secret_in_a_header_and_a_form() {
    let path = std::env::temp_dir().join(format!("notify-form-{}", std::process::id()));
    std::fs::write(&path, "top&secret").unwrap();
    let server = web_server(&[Web::Answers(403, "top&secret is wrong")]);
    let mut door = door(&format!(
        "kind = \"sms\"\nurl = \"http://127.0.0.1:{}/send\"\nform = \"form\"\n\
         body = \"key={{secret}}&to={{to}}&text={{message}}\"\n\
         header = {{ Authorization = \"Bearer {{secret}}\" }}\nsecret = {{ file = \"{}\" }}",
        server.port,
        path.display()
    ));
    std::fs::remove_file(&path).unwrap();
    let problem = door.send(&message("+8613000000001")).unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Credentials);
    assert!(!problem.to_string().contains("secret is"), "{problem}");
    assert!(!problem.to_string().contains("top&"));
    let asked = server.asked.recv().unwrap();
    assert!(
        asked
            .body
            .starts_with("key=top%26secret&to=%2B8613000000001&text=%E6")
    );
    assert!(
        asked
            .header
            .iter()
            .any(|line| line.ends_with("Bearer top&secret"))
    );
}

#[test]
fn the_decoder_of_these_tests_decodes() {
    assert_eq!(base64("5rip5bqm"), "温度".as_bytes());
    assert_eq!(
        subject("Subject: a =?utf-8?b?5rip?= =?utf-8?b?5bqm?= b\r\n"),
        "a 温度 b"
    );
}
