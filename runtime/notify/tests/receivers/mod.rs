//! Small real servers on loopback: one for mail, one for HTTP. Each connection follows
//! the next line of a script, and the last line for all further ones.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

/// What a mail server does in one connection.
#[derive(Clone, Copy, Debug)]
pub enum Mail {
    /// Takes the message.
    Takes,
    /// Answers RCPT with this.
    Recipient(&'static str),
    /// Answers the message itself with this.
    AfterData(&'static str),
    /// Answers AUTH with this.
    Login(&'static str),
    /// Says nothing at all.
    IsSilent,
    /// Takes the message and never says so.
    IsSilentAfterData,
    /// Closes at once.
    Closes,
}

/// A mail that arrived.
#[derive(Clone, Debug, Default)]
pub struct Arrived {
    pub from: String,
    pub to: String,
    pub text: String,
    /// All commands of the client.
    pub commands: Vec<String>,
}

pub struct MailServer {
    pub port: u16,
    pub arrived: Receiver<Arrived>,
}

pub fn mail_server(script: &[Mail]) -> MailServer {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = script.to_vec();
    let (sender, arrived) = channel();
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for (at, stream) in listener.incoming().enumerate() {
            let Ok(stream) = stream else { break };
            let act = *script.get(at).or(script.last()).unwrap_or(&Mail::Takes);
            match act {
                Mail::IsSilent => silent.push(stream),
                Mail::Closes => drop(stream),
                _ => {
                    // A client that breaks off is its own affair.
                    if let Ok(Some(stream)) = serve_mail(stream, act, &sender) {
                        silent.push(stream);
                    }
                }
            }
        }
    });
    MailServer { port, arrived }
}

fn serve_mail(
    mut stream: TcpStream,
    act: Mail,
    sender: &Sender<Arrived>,
) -> std::io::Result<Option<TcpStream>> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut mail = Arrived::default();
    stream.write_all(b"220 here\r\n")?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            let _ = sender.send(mail);
            return Ok(None);
        }
        let command = line.trim_end().to_string();
        let word = command
            .split([' ', ':'])
            .next()
            .unwrap_or("")
            .to_uppercase();
        mail.commands.push(command.clone());
        let answer = match word.as_str() {
            "EHLO" => "250-here\r\n250 AUTH PLAIN".to_string(),
            "AUTH" => match act {
                Mail::Login(answer) => answer.to_string(),
                _ => "235 welcome".to_string(),
            },
            "MAIL" => {
                mail.from = command;
                "250 ok".to_string()
            }
            "RCPT" => {
                mail.to = command;
                match act {
                    Mail::Recipient(answer) => answer.to_string(),
                    _ => "250 ok".to_string(),
                }
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                loop {
                    let mut line = String::new();
                    if lines.read_line(&mut line)? == 0 || line == ".\r\n" {
                        break;
                    }
                    mail.text.push_str(&line);
                }
                match act {
                    Mail::AfterData(answer) => answer.to_string(),
                    Mail::IsSilentAfterData => {
                        let _ = sender.send(mail);
                        return Ok(Some(stream));
                    }
                    _ => "250 taken".to_string(),
                }
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n")?;
                let _ = sender.send(mail);
                return Ok(None);
            }
            _ => "250 ok".to_string(),
        };
        stream.write_all(answer.as_bytes())?;
        stream.write_all(b"\r\n")?;
    }
}

/// What an HTTP server does in one connection.
#[derive(Clone, Copy, Debug)]
pub enum Web {
    /// Answers with a status and a body.
    Answers(u16, &'static str),
    /// Answers with a redirection to itself.
    Redirects,
    /// Says nothing at all.
    IsSilent,
}

/// A request that arrived.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub line: String,
    pub header: Vec<String>,
    pub body: String,
}

pub struct WebServer {
    pub port: u16,
    pub asked: Receiver<Asked>,
}

pub fn web_server(script: &[Web]) -> WebServer {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = script.to_vec();
    let (sender, asked) = channel();
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for (at, stream) in listener.incoming().enumerate() {
            let Ok(stream) = stream else { break };
            let act = *script.get(at).or(script.last()).unwrap_or(&Web::Redirects);
            match act {
                Web::IsSilent => silent.push(stream),
                _ => {
                    let _ = serve_web(stream, act, &sender);
                }
            }
        }
    });
    WebServer { port, asked }
}

fn serve_web(mut stream: TcpStream, act: Web, sender: &Sender<Asked>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut asked = Asked::default();
    lines.read_line(&mut asked.line)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        lines.read_line(&mut line)?;
        let line = line.trim_end().to_string();
        if line.is_empty() {
            break;
        }
        if let Some(number) = line.to_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().unwrap_or(0);
        }
        asked.header.push(line);
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body)?;
    asked.body = String::from_utf8_lossy(&body).into_owned();
    asked.line = asked.line.trim_end().to_string();
    let _ = sender.send(asked);
    let (status, extra, body) = match act {
        Web::Answers(status, body) => (status, "", body),
        _ => (302, "Location: /elsewhere\r\n", ""),
    };
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} so\r\n{extra}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes())
}

/// A port on which nobody listens.
pub fn dead_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Base 64 (RFC 4648).
pub fn base64(text: &str) -> Vec<u8> {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text
        .bytes()
        .filter_map(|byte| letters.iter().position(|letter| *letter == byte));
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in digits {
        bits = bits << 6 | digit as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

/// Subject of a mail, its encoded words read (RFC 2047, section 2, form B).
pub fn subject(mail: &str) -> String {
    let unfolded = mail.replace("\r\n ", " ");
    let line = unfolded
        .lines()
        .find_map(|line| line.strip_prefix("Subject: "));
    let mut subject = String::new();
    let mut was_word = false;
    for word in line.unwrap_or("").split(' ') {
        let inner = word
            .strip_prefix("=?utf-8?b?")
            .and_then(|rest| rest.strip_suffix("?="));
        let text = inner.map(|inner| String::from_utf8_lossy(&base64(inner)).into_owned());
        // Between encoded words a blank is none.
        let is_joined = was_word && inner.is_some();
        if !subject.is_empty() && !is_joined {
            subject.push(' ');
        }
        was_word = inner.is_some();
        subject.push_str(&text.unwrap_or_else(|| word.to_string()));
    }
    subject
}

/// Body of a mail in base 64.
pub fn body(mail: &str) -> String {
    let (_, body) = mail.split_once("\r\n\r\n").unwrap_or(("", ""));
    String::from_utf8_lossy(&base64(body)).into_owned()
}
