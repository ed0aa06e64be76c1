//! The real program as a process of its own.

use super::eventually;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// The program: `$SCANLOOP_BIN`, or built now beside the tests, with their profile.
///
/// # Panics
/// If it cannot be built.
pub fn scanloop() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        if let Some(path) = std::env::var_os("SCANLOOP_BIN") {
            return PathBuf::from(path);
        }
        let test = std::env::current_exe().expect("the path of this test");
        let profile = test.ancestors().nth(2).expect("the folder of the profile");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", "scanloop", "--bin", "scanloop"]);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let target = profile.parent().expect("the target folder");
        build.arg("--target-dir").arg(target);
        let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(built.expect("cargo").success(), "the program builds");
        profile.join("scanloop")
    })
}

/// A running program. Killed when dropped.
pub struct Process {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    ids: AtomicU64,
    hmi: OnceLock<SocketAddr>,
    /// Cookie of whoever has signed in.
    session: OnceLock<String>,
}

impl Process {
    /// Starts the program with these arguments.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(arguments: &[&str]) -> Process {
        let mut command = Command::new(scanloop());
        command.args(arguments);
        Process::spawn(command)
    }

    /// Starts any command and listens to what it says.
    ///
    /// # Panics
    /// If it does not start.
    pub fn spawn(mut command: Command) -> Process {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let out: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|out| Box::new(out) as _),
            child.stderr.take().map(|out| Box::new(out) as _),
        ];
        for out in out.into_iter().flatten() {
            let lines = lines.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    lines.lock().expect("lines").push(line);
                }
            });
        }
        Process {
            child,
            lines,
            ids: AtomicU64::new(0),
            hmi: OnceLock::new(),
            session: OnceLock::new(),
        }
    }

    /// Its number in the system.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far, on both outputs.
    pub fn said(&self) -> Vec<String> {
        self.lines.lock().expect("lines").clone()
    }

    /// Waits for a line with these words.
    pub fn await_line(&self, words: &str) -> String {
        let what = format!("a line with {words:?}");
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eventually(&what, Duration::from_secs(30), || {
                self.said().into_iter().find(|line| line.contains(words))
            })
        }));
        seen.unwrap_or_else(|_| panic!("{what} among {:#?}", self.said()))
    }

    /// Sends it a signal by number.
    ///
    /// # Panics
    /// If there is no such process any more.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
    }

    /// Ends it with SIGKILL: no farewell of any kind.
    ///
    /// # Panics
    /// If it had ended before.
    pub fn kill(mut self) {
        let ended = self.child.try_wait().expect("its state");
        assert!(ended.is_none(), "ended by itself: {:#?}", self.said());
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// Waits for its end; whether it was a good one.
    ///
    /// # Panics
    /// If it does not end within 30 s.
    pub fn await_end(&mut self) -> bool {
        let child = &mut self.child;
        let status = eventually("the end of the program", Duration::from_secs(30), || {
            child.try_wait().expect("its state")
        });
        status.success()
    }

    /// Address of its operator interface.
    pub fn hmi(&self) -> SocketAddr {
        *self.hmi.get_or_init(|| {
            let line = self.await_line("operator interface: http://");
            let at = line.find("http://").map_or(0, |at| at + 7);
            line[at..].trim().parse().expect("an address")
        })
    }

    /// Asks its operator interface; status and body, or none if the connection broke
    /// before a whole answer came.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        let session = self.session.get().map(String::as_str);
        let (head, body) = self.exchange(method, path, body, session)?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, body))
    }

    /// Signs in; every later question is this person's. Whoever signs in with a password
    /// of somebody else's choice sets a new one, `own`.
    ///
    /// # Panics
    /// If it is refused.
    pub fn sign_in(&self, user: &str, password: &str, own: Option<&str>) {
        let cookie = self.session_of(user, password, own);
        self.session.set(cookie).expect("nobody has signed in yet");
    }

    /// The cookie of a session that is nobody's here: of a second person, who has to have
    /// chosen a password before it counts.
    ///
    /// # Panics
    /// If it is refused.
    pub fn session_of(&self, user: &str, password: &str, own: Option<&str>) -> String {
        let body = serde_json::json!({ "user": user, "password": password }).to_string();
        let answer = self.exchange("POST", "/api/v1/login", &body, None);
        let (head, body) = answer.expect("an answer");
        let cookie = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let is_cookie = name.eq_ignore_ascii_case("set-cookie");
            is_cookie.then(|| value.split(';').next().unwrap_or_default().to_string())
        });
        let cookie = cookie.unwrap_or_else(|| panic!("no session: {head} {body}"));
        if let Some(own) = own {
            let body = serde_json::json!({ "old": password, "new": own }).to_string();
            let answer = self.exchange("POST", "/api/v1/password", &body, Some(&cookie));
            let is_set = matches!(&answer, Some((head, _)) if head.contains(" 200 "));
            assert!(is_set, "{answer:?}");
        }
        cookie
    }

    /// Head and body of an answer.
    fn exchange(
        &self,
        method: &str,
        path: &str,
        body: &str,
        session: Option<&str>,
    ) -> Option<(String, String)> {
        let address = self.hmi();
        let cookie = session.map_or_else(String::new, |cookie| format!("Cookie: {cookie}\r\n"));
        let mut stream = TcpStream::connect(address).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(15)))
            .ok()?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n\
             X-HMI: 1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             {cookie}Connection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8(answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.to_string(), body.to_string()))
    }

    /// A page of its interface as JSON; none if it did not answer with one.
    pub fn get(&self, path: &str) -> Option<serde_json::Value> {
        match self.ask("GET", path, "")? {
            (200, body) => serde_json::from_str(&body).ok(),
            _ => None,
        }
    }

    /// An id for a command, used once in this run of the program.
    pub fn fresh_id(&self) -> String {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        format!("00000000-0000-4000-8000-{id:012}")
    }

    /// Asks for a write with a reason; the answer, if one came.
    pub fn write_because(&self, tag: &str, value: f64, reason: &str) -> Option<(u16, String)> {
        self.command(tag, value, &serde_json::json!({ "reason": reason }))
    }

    /// Asks for a write with these keys besides; the answer, if one came.
    pub fn command(
        &self,
        tag: &str,
        value: f64,
        more: &serde_json::Value,
    ) -> Option<(u16, String)> {
        let health = self.get("/api/v1/health")?;
        let mut body = serde_json::json!({
            "id": self.fresh_id(),
            "tag": tag,
            "value": value,
            "seen_ms": health["utc_ms"],
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        self.ask("POST", "/api/v1/cmd", &body.to_string())
    }

    /// Asks for a write; true only if it was acknowledged.
    pub fn write(&self, tag: &str, value: f64) -> bool {
        let answer = self.write_because(tag, value, "trial");
        let is_done = matches!(&answer, Some((200, _)));
        if !is_done {
            // Seen only when the trial fails.
            println!("{tag} = {value}: {answer:?}");
        }
        is_done
    }

    /// Waits until a write is acknowledged.
    ///
    /// # Panics
    /// If it is not within 30 s.
    pub fn await_write(&self, tag: &str, value: f64) {
        let what = format!("{tag} = {value} acknowledged");
        eventually(&what, Duration::from_secs(30), || {
            self.write(tag, value).then_some(())
        });
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
