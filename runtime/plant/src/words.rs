//! Texts in both languages of the plant.

use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::tree::{self, Node, Reader};
use serde::Serialize;

/// A text in both languages of the plant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Words {
    /// English.
    pub en: String,
    /// 中文.
    pub zh: String,
}

/// The text of a key, empty if there is none.
pub(crate) fn text_of(node: &Node, key: &str) -> String {
    let tree::Tree::Table(table) = &node.tree else {
        return String::new();
    };
    let text = table.get(key).and_then(Node::text);
    text.unwrap_or_default().to_string()
}

/// The words of a key that were read before.
pub(crate) fn words_of(node: &Node, key: &str) -> Words {
    let tree::Tree::Table(table) = &node.tree else {
        return Words::default();
    };
    table.get(key).map_or_else(Words::default, |words| Words {
        en: text_of(words, "en"),
        zh: text_of(words, "zh"),
    })
}

/// A table `{ en = "…", zh = "…" }`; both languages must be there.
pub(crate) fn words(
    node: Option<&Node>,
    whole: Option<&Node>,
    what: &str,
    problems: &mut Diagnostics,
) -> Words {
    let Some(node) = node else {
        if let Some(whole) = whole {
            problems.push(
                codes::DESCRIPTION,
                &whole.at,
                format!("{what} is missing"),
                format!("give {what} = {{ en = \"…\", zh = \"…\" }}"),
            );
        }
        return Words::default();
    };
    let Some(mut reader) = Reader::new(node, what, problems) else {
        return Words::default();
    };
    let words = Words {
        en: reader.text("en").unwrap_or_default(),
        zh: reader.text("zh").unwrap_or_default(),
    };
    for (language, text) in [("en", &words.en), ("zh", &words.zh)] {
        if text.trim().is_empty() {
            reader.problem(
                codes::DESCRIPTION,
                language,
                format!("{what} has no {language}"),
                "every text is given in English and 中文",
            );
        }
    }
    reader.finish();
    words
}
