//! VictoriaMetrics as a peer of the store of samples: a process of its own, spoken to by
//! HTTP on loopback, as its users do. It keeps milliseconds, no quality, and syncs by
//! itself once in some seconds.

use crate::measure::{bytes_of, processor_s};
use std::fmt::Write as _;
use std::io::{Error, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server with its folder.
pub struct Victoria {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Victoria {
    /// Starts `victoria-metrics`; none if it is not installed.
    ///
    /// # Errors
    /// It does not answer within ten seconds.
    pub fn start(folder: &Path) -> Result<Option<Victoria>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let started = Command::new("victoria-metrics")
            .arg(format!("-storageDataPath={}", folder.display()))
            .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
            .args([
                "-retentionPeriod=100y",
                "-search.maxPointsPerTimeseries=100000",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = started else { return Ok(None) };
        let folder = folder.to_path_buf();
        let server = Victoria {
            child,
            port,
            folder,
        };
        let begun = Instant::now();
        while server.get("/health").is_err() {
            if begun.elapsed() > Duration::from_secs(10) {
                return Err(Error::other("victoria-metrics does not answer"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(server))
    }

    /// From the request to the last byte, milliseconds.
    fn ask(&self, head: &str, body: &[u8]) -> Result<f64> {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let length = body.len();
        write!(
            stream,
            "{head} HTTP/1.1\r\nHost: peer\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        )?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        if !answer.starts_with(b"HTTP/1.1 2") {
            let said = String::from_utf8_lossy(&answer);
            return Err(Error::other(said.chars().take(400).collect::<String>()));
        }
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    }

    /// Asks for a path; milliseconds to the last byte of the answer.
    ///
    /// # Errors
    /// No answer, or one that is no success.
    pub fn get(&self, path: &str) -> Result<f64> {
        self.ask(&format!("GET {path}"), b"")
    }

    /// Gives samples, each series with its times in milliseconds; milliseconds to the end of
    /// the answer.
    ///
    /// # Errors
    /// No answer, or one that is no success.
    pub fn import(&self, series: &[Vec<(i64, f64)>]) -> Result<f64> {
        let mut text = String::new();
        for (at, points) in series.iter().enumerate().filter(|(_, p)| !p.is_empty()) {
            let list = |of: &dyn Fn(&(i64, f64)) -> String| -> String {
                points.iter().map(of).collect::<Vec<_>>().join(",")
            };
            let (values, times) = (list(&|p| p.1.to_string()), list(&|p| p.0.to_string()));
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{{\"metric\":{{\"__name__\":\"tag_{at:03}\"}},\"values\":[{values}],\"timestamps\":[{times}]}}"
            );
        }
        self.ask("POST /api/v1/import", text.as_bytes())
    }

    /// Puts everything on disk in its last form.
    ///
    /// # Errors
    /// As [`Victoria::get`].
    pub fn settle(&self) -> Result<()> {
        self.get("/internal/force_flush")?;
        self.get("/internal/force_merge")?;
        self.get("/internal/resetRollupResultCache")?;
        // The merge goes on after its answer: until the folder stays as it is.
        let mut before = 0;
        for _ in 0..60 {
            std::thread::sleep(Duration::from_secs(1));
            let now = self.bytes();
            if now == before {
                break;
            }
            before = now;
        }
        Ok(())
    }

    /// Processor seconds that it has used.
    pub fn processor_s(&self) -> f64 {
        processor_s(self.child.id())
    }

    /// Bytes of its data.
    pub fn bytes(&self) -> u64 {
        bytes_of(&self.folder.join("data"))
    }
}

impl Drop for Victoria {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
