//! Where in the text a key stands.

use super::ConfigProblem;
use core::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The bytes of a path such as `notify.roster.1.shift.2.from`, counted from 1; of the
/// nearest that exists.
pub fn locate(text: &str, path: &str) -> Range<usize> {
    let (root, _) = DeTable::parse_recoverable(text);
    let mut steps = path.split('.');
    let mut at = 0..0;
    let first = steps.next().unwrap_or_default();
    let mut value: Option<&Spanned<DeValue<'_>>> = None;
    for (key, inner) in root.get_ref() {
        if key.get_ref().as_ref() == first {
            at = key.span();
            value = Some(inner);
        }
    }
    for step in steps {
        let Some(node) = value else { break };
        let found = match node.get_ref() {
            DeValue::Table(table) => table
                .iter()
                .find(|(key, _)| key.get_ref().as_ref() == step)
                .map(|(_, inner)| inner),
            DeValue::Array(items) => {
                let index = step.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
                index.and_then(|index| items.get(index))
            }
            _ => None,
        };
        let Some(found) = found else { break };
        at = found.span();
        value = Some(found);
    }
    at
}

/// A problem with its line.
pub(super) fn problem(
    text: &str,
    path: &str,
    span: Range<usize>,
    message: &str,
    help: &str,
) -> ConfigProblem {
    let before = text.as_bytes().get(..span.start).unwrap_or_default();
    ConfigProblem {
        path: path.to_string(),
        line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
        span,
        message: message.to_string(),
        help: help.to_string(),
    }
}
