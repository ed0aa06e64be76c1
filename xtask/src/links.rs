//! Relative links of Markdown files lead somewhere.

use crate::finding::Finding;
use crate::tree::{File, Tree};

const RULE: &str = "links";

/// Links to files, folders or headings that are not there.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.own(&["md"]) {
        for (line, target) in links(file) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((&target, ""));
            let path = if path.is_empty() {
                Some(file.path.clone())
            } else {
                resolve(&file.path, path)
            };
            let Some(path) = path.filter(|path| tree.has(path)) else {
                let message = format!("{target} leads nowhere");
                findings.push(Finding::fail(&file.path, line, RULE, message));
                continue;
            };
            let page = tree.get(&path).filter(|page| page.extension() == "md");
            if let Some(page) = page
                && !heading.is_empty()
                && !headings(page).any(|known| known == heading)
            {
                let message = format!("{path} has no heading #{heading}");
                findings.push(Finding::fail(&file.path, line, RULE, message));
            }
        }
    }
    findings
}

/// Lines outside fenced code.
fn prose(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    file.lines().filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    })
}

/// Targets of inline links, pictures and link definitions, with their lines.
fn links(file: &File) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(file) {
        let line = without_code(line);
        let mut rest = line.as_str();
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            if let Some(end) = rest.find([')', ' ']) {
                links.push((number, rest[..end].to_string()));
            }
        }
        if line.starts_with('[')
            && let Some((_, target)) = line.split_once("]: ")
        {
            let target = target.split_whitespace().next().unwrap_or("");
            links.push((number, target.to_string()));
        }
    }
    links
}

/// The line without what stands between backquotes.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("")
}

/// `target` as seen from the folder of `from`; nothing if it leaves the project.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Headings as link targets: lower case, words joined by hyphens.
fn headings(file: &File) -> impl Iterator<Item = String> {
    prose(file)
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            title
                .chars()
                .filter_map(|c| match c {
                    ' ' => Some('-'),
                    c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
                    _ => None,
                })
                .collect()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_and_headings_are_found() {
        let text = "# One\n[a](b.md) [c](../README.md#the-plain-truth)\n![p](x.png)\n\
                    [d](#one) [e](#two)\n`[f](g.md)`\n```\n[h](i.md)\n```\n[j](https://k.invalid/l)\n";
        let tree = Tree::of(&[("docs/a.md", text), ("README.md", "## The plain truth!\n")]);
        let found: Vec<_> = check(&tree)
            .iter()
            .map(|f| (f.line, f.message.clone()))
            .collect();
        assert_eq!(
            found,
            [
                (2, "b.md leads nowhere".to_string()),
                (3, "x.png leads nowhere".to_string()),
                (4, "docs/a.md has no heading #two".to_string())
            ]
        );
    }

    #[test]
    fn a_link_out_of_the_project_leads_nowhere() {
        let tree = Tree::of(&[("docs/a.md", "[a](../../b.md) [c](..)\n")]);
        assert_eq!(check(&tree).len(), 1);
    }
}
