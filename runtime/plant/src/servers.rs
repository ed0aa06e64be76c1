//! What a plant offers to others: servers, and the tags they show.

use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::draft::Draft;
use crate::resolve::{DriverKinds, KeyProblem};
use crate::tree::{Node, Reader, Tree};
use scan::Linked;
use signal::{Kind, limits};
use std::collections::BTreeMap;

/// A server and its own settings.
#[derive(Clone, Debug)]
pub struct ServerDraft {
    /// Name, `north`.
    pub name: String,
    /// Kind, `modbus`.
    pub kind: String,
    /// Settings that its kind reads.
    pub settings: toml::Table,
    /// What it offers.
    pub points: Vec<ServerPointDraft>,
    /// Where it is declared.
    pub node: Node,
}

/// A tag that a server offers.
#[derive(Clone, Debug)]
pub struct ServerPointDraft {
    /// The tag.
    pub tag: String,
    /// Whether clients may write it.
    pub is_written: bool,
    /// Settings that the server's kind reads, without tag and write.
    pub settings: toml::Table,
    /// Where it is declared.
    pub node: Node,
}

/// A point of a server, as its kind judges it.
#[derive(Clone, Copy, Debug)]
pub struct ServerPoint<'a> {
    /// The tag.
    pub tag: &'a str,
    /// Its kind; none if that is not known because of another problem.
    pub kind: Option<Kind>,
    /// Whether clients may write it.
    pub is_written: bool,
    /// Settings.
    pub settings: &'a toml::Table,
}

/// What is wrong with a point of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPointProblem {
    /// Index of the point.
    pub point: usize,
    /// The problem.
    pub problem: KeyProblem,
    /// Index of another point that it collides with.
    pub other: Option<usize>,
}

/// The verdict on one server and its points.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerCheck {
    /// Problems of the server's own settings.
    pub server: Vec<KeyProblem>,
    /// Problems of its points.
    pub points: Vec<ServerPointProblem>,
}

/// What the linked programs say of their tags.
#[derive(Default)]
pub(crate) struct LinkedTags(BTreeMap<String, (Kind, bool)>);

impl LinkedTags {
    /// Whether people may write a tag; none if it is not known.
    pub(crate) fn is_written(&self, name: &str) -> Option<bool> {
        self.0.get(name).map(|(_, is_written)| *is_written)
    }

    /// Takes the tags that a program makes; those of other tasks are shown there.
    pub(crate) fn add(&mut self, linked: &Linked) {
        for (name, entry) in &linked.tags {
            if !name.contains('/') {
                let facts = (entry.kind, entry.writable.is_some());
                self.0.insert(name.clone(), facts);
            }
        }
    }
}

pub(crate) fn read(node: &Node, problems: &mut Diagnostics) -> Option<ServerDraft> {
    let mut reader = Reader::new(node, "server", problems)?;
    let name = reader.text_required("name");
    let kind = reader.text_required("kind");
    let points = reader.tables("points");
    reader.leave();
    let points = points
        .into_iter()
        .take(limits::POINTS_MAX + 1)
        .filter_map(|point| read_point(point, problems))
        .collect();
    let Tree::Table(table) = &node.tree else {
        return None;
    };
    Some(ServerDraft {
        name,
        kind,
        settings: table.to_toml(&["name", "kind", "points"]),
        points,
        node: node.clone(),
    })
}

fn read_point(node: &Node, problems: &mut Diagnostics) -> Option<ServerPointDraft> {
    let mut reader = Reader::new(node, "server.points", problems)?;
    let tag = reader.text_required("tag");
    let is_written = reader.bool("write").unwrap_or(false);
    reader.leave();
    let Tree::Table(table) = &node.tree else {
        return None;
    };
    Some(ServerPointDraft {
        tag,
        is_written,
        settings: table.to_toml(&["tag", "write"]),
        node: node.clone(),
    })
}

/// Checks servers: their settings, their points, and that the tags exist. `owners`
/// holds the task of every tag, also of programs that do not link.
pub(crate) fn check(
    draft: &Draft,
    kinds: &dyn DriverKinds,
    owners: &BTreeMap<String, String>,
    linked: &LinkedTags,
    problems: &mut Diagnostics,
) {
    if let Some(server) = draft.servers.get(limits::DRIVERS_MAX) {
        problems.push(
            codes::PROGRAM_TOO_LARGE,
            &server.node.at,
            format!("more than {} servers", limits::DRIVERS_MAX),
            "divide the plant among stations",
        );
    }
    let mut listening: BTreeMap<&str, &ServerDraft> = BTreeMap::new();
    for server in &draft.servers {
        let known = kinds.server_kinds();
        if !known.contains(&server.kind.as_str()) {
            problems.push(
                codes::SERVER_SETTINGS,
                &server.node.place("kind"),
                format!("no server kind \"{}\"", server.kind),
                format!("kinds: {}", known.join(", ")),
            );
            continue;
        }
        if let Some(listen) = server.settings.get("listen").and_then(toml::Value::as_str)
            && let Some(first) = listening.insert(listen, server)
        {
            problems.push_with(
                codes::SERVER_SETTINGS,
                &server.node.place("listen"),
                format!("{} and {} both listen on {listen}", first.name, server.name),
                (first.node.place("listen"), "the other one".to_string()),
                "one server for an address and port",
            );
        }
        if let Some(point) = server.points.get(limits::POINTS_MAX) {
            problems.push(
                codes::PROGRAM_TOO_LARGE,
                &point.node.at,
                format!("more than {} points on {}", limits::POINTS_MAX, server.name),
                "divide the points among servers",
            );
        }
        check_tags(server, owners, linked, problems);
        let points: Vec<ServerPoint<'_>> = server
            .points
            .iter()
            .map(|point| ServerPoint {
                tag: &point.tag,
                kind: linked.0.get(&point.tag).map(|(kind, _)| *kind),
                is_written: point.is_written,
                settings: &point.settings,
            })
            .collect();
        let check = kinds.check_server(&server.kind, &server.settings, &points);
        for problem in check.server {
            problems.push(
                codes::SERVER_SETTINGS,
                &server.node.place(&problem.key.unwrap_or_default()),
                problem.message,
                problem.help,
            );
        }
        let place = |point: usize, key: &str| {
            let point = server.points.get(point);
            point.map_or_else(|| server.node.at.clone(), |point| point.node.place(key))
        };
        for found in check.points {
            let key = found.problem.key.unwrap_or_default();
            let (message, help) = (found.problem.message, found.problem.help);
            let at = place(found.point, &key);
            match found.other {
                None => problems.push(codes::SERVER_POINT, &at, message, help),
                Some(other) => {
                    let other = (place(other, &key), "the other one".to_string());
                    problems.push_with(codes::SERVER_POINT, &at, message, other, help);
                }
            }
        }
    }
}

/// Tags of points exist, and those to be written are for people to write.
fn check_tags(
    server: &ServerDraft,
    owners: &BTreeMap<String, String>,
    linked: &LinkedTags,
    problems: &mut Diagnostics,
) {
    for point in &server.points {
        let tag = point.tag.as_str();
        if tag.is_empty() {
            continue;
        }
        if tag.contains('/') || !owners.contains_key(tag) {
            let names = owners.keys().filter(|name| !name.contains('/'));
            let near = scan::wiring::nearest(tag, names.map(String::as_str));
            problems.push(
                codes::SERVER_POINT,
                &point.node.place("tag"),
                format!("there is no tag {tag}"),
                near.map_or_else(String::new, |near| format!("did you mean {near}?")),
            );
        } else if point.is_written && matches!(linked.0.get(tag), Some((_, false))) {
            problems.push(
                codes::SERVER_POINT,
                &point.node.place("write"),
                format!("{tag} is not for people to write, so no client may either"),
                "leave out write, or offer the set-point, mode or reset behind it",
            );
        }
    }
}
