//! Who may speak to the interface, and the headers of every answer.
//!
//! The server listens on loopback, or behind TLS. That is not enough: any web page that
//! the same person has open can send requests to it. So every request must name
//! this server as its host (against DNS rebinding), and every request that could
//! change something must come from this server's own pages (against cross-site
//! request forgery and cross-site WebSocket hijacking).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::desk::{Refusal, RefusalCode};

/// Header that only a script of our own pages can add without a pre-flight.
pub(crate) const OWN_HEADER: HeaderName = HeaderName::from_static("x-hmi");

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Headers of every answer.
const FIXED: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), usb=(), payment=()",
    ),
];

/// Adds the fixed headers, and `no-store` where nothing else was said.
pub(crate) fn dress(headers: &mut HeaderMap, is_secure: bool) {
    if is_secure {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    for (name, value) in &FIXED {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

/// The host names under which the server answers.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    authorities: Vec<String>,
    /// Behind TLS: origins are `https`, cookies secure.
    pub(crate) is_secure: bool,
    /// Other machines can reach the server: to look needs a session or a wallboard.
    pub(crate) is_reachable: bool,
}

impl Hosts {
    /// Of a server without TLS, on loopback.
    pub(crate) fn new(port: u16) -> Hosts {
        Hosts {
            authorities: ["127.0.0.1", "localhost", "[::1]"]
                .map(|h| format!("{h}:{port}"))
                .to_vec(),
            is_secure: false,
            is_reachable: false,
        }
    }

    /// Of a server behind TLS under these names.
    pub(crate) fn secure(names: &[String], port: u16, is_reachable: bool) -> Hosts {
        let mut hosts = Hosts::new(port);
        for name in names {
            hosts.authorities.push(format!("{name}:{port}"));
            // Browsers leave the port of the scheme out.
            if port == 443 {
                hosts.authorities.push(name.clone());
            }
        }
        Hosts {
            is_secure: true,
            is_reachable,
            ..hosts
        }
    }

    const fn scheme(&self) -> &'static str {
        if self.is_secure {
            "https://"
        } else {
            "http://"
        }
    }

    /// The request's host, if it is one of ours.
    fn own<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let host = text(headers, &header::HOST)?;
        self.authorities
            .iter()
            .any(|a| a.eq_ignore_ascii_case(host))
            .then_some(host)
    }

    /// A link that somebody follows from elsewhere: the host is ours.
    pub(crate) fn admit_link(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.own(headers).map(drop).ok_or_else(|| {
            Refusal::new(
                RefusalCode::BadOrigin,
                "The request does not name this server as its host.",
                "请求的主机名不是本服务器。",
            )
        })
    }

    /// Any other request: the host is ours and no other site's page asks.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.admit_link(headers)?;
        match text(headers, &FETCH_SITE) {
            Some("cross-site" | "same-site") => Err(foreign()),
            _ => Ok(()),
        }
    }

    /// A form of a page that this server itself has sent. The page says no referrer, so
    /// the browser says no origin; it says that the page is of the same one.
    pub(crate) fn admit_own_form(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.admit(headers)?;
        match text(headers, &FETCH_SITE) {
            Some("same-origin") => Ok(()),
            _ => Err(foreign()),
        }
    }

    /// A request that could change something, or opens the socket: it comes from a
    /// page that this server itself has sent.
    pub(crate) fn admit_own_page(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.admit(headers)?;
        let host = self.own(headers).unwrap_or_default();
        let origin = text(headers, &header::ORIGIN).and_then(|o| o.strip_prefix(self.scheme()));
        let same_origin = origin.is_some_and(|o| o.eq_ignore_ascii_case(host));
        let fetch = text(headers, &FETCH_SITE);
        if same_origin && fetch.is_none_or(|f| f == "same-origin") {
            Ok(())
        } else {
            Err(foreign())
        }
    }
}

fn foreign() -> Refusal {
    Refusal::new(
        RefusalCode::BadOrigin,
        "The request does not come from this interface's own pages.",
        "请求不是来自本操作界面的页面。",
    )
}

/// `X-HMI: 1` is there.
pub(crate) fn own_header(headers: &HeaderMap) -> Result<(), Refusal> {
    if text(headers, &OWN_HEADER) == Some("1") {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::MissingHeader,
        "The header X-HMI: 1 is missing.",
        "缺少请求头 X-HMI: 1。",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v)))
            .collect()
    }

    #[test]
    fn only_our_own_names_with_our_port_are_our_host() {
        let hosts = Hosts::new(8080);
        for good in [
            "127.0.0.1:8080",
            "localhost:8080",
            "LOCALHOST:8080",
            "[::1]:8080",
        ] {
            assert!(hosts.admit(&headers(&[("host", good)])).is_ok(), "{good}");
        }
        for bad in [
            "127.0.0.1",
            "127.0.0.1:80",
            "evil.example:8080",
            "localhost:8080.evil",
            "",
        ] {
            assert!(hosts.admit(&headers(&[("host", bad)])).is_err(), "{bad}");
        }
        assert!(hosts.admit(&HeaderMap::new()).is_err());
    }

    #[test]
    fn a_change_must_come_from_the_very_origin_it_goes_to() {
        let hosts = Hosts::new(8080);
        let ask = |origin: &'static str, site: &'static str| {
            let mut h = headers(&[("host", "localhost:8080")]);
            if !origin.is_empty() {
                h.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            if !site.is_empty() {
                h.insert(FETCH_SITE, HeaderValue::from_static(site));
            }
            hosts.admit_own_page(&h).is_ok()
        };
        assert!(ask("http://localhost:8080", "same-origin"));
        assert!(ask("http://localhost:8080", ""));
        assert!(!ask("", ""));
        assert!(!ask("null", ""));
        assert!(!ask("http://127.0.0.1:8080", ""));
        assert!(!ask("https://localhost:8080", ""));
        assert!(!ask("http://localhost:8081", ""));
        assert!(!ask("http://localhost:8080", "cross-site"));
        assert!(!ask("http://localhost:8080", "none"));
    }
}
