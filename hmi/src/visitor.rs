//! Who comes to the server: what their cookies and their address say.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};

use crate::app::App;
use crate::cmd::LOCAL_ACTOR;
use crate::desk::{Given, Person, Token};

/// Where a connection comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// A visitor, as they present themselves. Nothing of it is believed before the desk has
/// looked at it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visitor {
    pub(crate) session: Option<Token>,
    wallboard: Option<Token>,
    source: Option<IpAddr>,
}

/// Names of the cookies. The prefix binds a cookie to this host, to TLS and to `/`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cookie {
    Session,
    Wallboard,
}

impl Cookie {
    const fn name(self, is_secure: bool) -> &'static str {
        match (self, is_secure) {
            (Cookie::Session, false) => "hmi-session",
            (Cookie::Session, true) => "__Host-hmi-session",
            (Cookie::Wallboard, false) => "hmi-wallboard",
            (Cookie::Wallboard, true) => "__Host-hmi-wallboard",
        }
    }

    /// The header that gives a cookie, or takes it back.
    pub(crate) fn set(self, token: Option<&Token>, is_secure: bool) -> Option<HeaderValue> {
        let name = self.name(is_secure);
        let secure = if is_secure { "; Secure" } else { "" };
        let text = match token {
            Some(token) => format!(
                "{name}={}; Path=/; HttpOnly; SameSite=Strict{secure}",
                token.text()
            ),
            None => format!("{name}=; Path=/; HttpOnly; SameSite=Strict{secure}; Max-Age=0"),
        };
        HeaderValue::from_str(&text).ok()
    }

    /// The token of a request; none if there are two, so that nobody can slip one in.
    fn of(self, headers: &HeaderMap, is_secure: bool) -> Option<Token> {
        let name = self.name(is_secure);
        let mut found = None;
        for line in headers.get_all(header::COOKIE) {
            for pair in line.to_str().ok()?.split(';') {
                if let Some((key, value)) = pair.trim().split_once('=')
                    && key == name
                    && found.replace(value).is_some()
                {
                    return None;
                }
            }
        }
        Token::parse(found?)
    }
}

impl Visitor {
    /// The visitor as the desk sees them, with nothing signed yet.
    pub(crate) fn person(&self) -> Person {
        Person {
            session: self.session.clone(),
            source: self
                .source
                .map_or_else(|| "?".to_owned(), |ip| ip.to_string()),
            given: Given::default(),
        }
    }

    /// The address that the visitor comes from.
    pub(crate) const fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// The name of the wallboard that comes, if it is one.
    pub(crate) fn wallboard(&self, app: &App) -> Option<String> {
        let token = self.wallboard.as_ref()?;
        app.desk.people()?.wallboard(token)
    }

    /// The name under which a refusal is recorded.
    pub(crate) fn actor(&self, app: &App) -> String {
        match (app.desk.people(), self.wallboard(app)) {
            (None, _) => LOCAL_ACTOR.to_owned(),
            (Some(_), Some(name)) => format!("wallboard {name}"),
            (Some(people), None) => people.name_of(&self.person()),
        }
    }
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Visitor, Infallible> {
        let is_secure = app.hosts.is_secure;
        let peer = parts.extensions.get::<Peer>();
        Ok(Visitor {
            session: Cookie::Session.of(&parts.headers, is_secure),
            wallboard: Cookie::Wallboard.of(&parts.headers, is_secure),
            source: peer.map(|Peer(addr)| addr.ip()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(lines: &[&'static str]) -> HeaderMap {
        let lines = lines
            .iter()
            .map(|l| (header::COOKIE, HeaderValue::from_static(l)));
        lines.collect()
    }

    #[test]
    fn a_cookie_is_kept_from_scripts_other_sites_and_plain_text() {
        let token = Token::parse(&"a".repeat(64)).expect("a token");
        let text = |is_secure| {
            let set = Cookie::Session
                .set(Some(&token), is_secure)
                .expect("a header");
            set.to_str().expect("text").to_owned()
        };
        assert!(text(false).ends_with("; Path=/; HttpOnly; SameSite=Strict"));
        assert!(text(true).starts_with("__Host-"));
        assert!(text(true).ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"));
        assert!(!text(true).contains("Domain"));
    }

    #[test]
    fn of_two_cookies_of_one_name_none_is_believed() {
        const A: &str =
            "x=1; hmi-session=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        const B: &str =
            "hmi-session=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
        assert!(Cookie::Session.of(&cookies(&[A]), false).is_some());
        assert!(Cookie::Session.of(&cookies(&[A, B]), false).is_none());
        // The name of plain text is not the name behind TLS.
        assert!(Cookie::Session.of(&cookies(&[A]), true).is_none());
    }
}
