//! Scripts, style sheets and texts as they are sent: without indentation, comments and
//! the spaces and line ends that nobody needs. No name is changed, so that the browser's
//! debugger, which sets the lines again, speaks of what the repository shows.

/// A file of `web/` as it is sent.
pub(crate) fn plain(path: &str, data: Vec<u8>) -> Vec<u8> {
    let script = path.ends_with(".js");
    if !script && !path.ends_with(".css") && !path.ends_with(".json") {
        return data;
    }
    let mut reader = Reader {
        text: &data,
        at: 0,
        out: Vec::with_capacity(data.len()),
        word: 0,
        has_line: false,
        constants: vec![false],
        after_constants: false,
    };
    if script {
        reader.script();
    } else if path.ends_with(".css") {
        reader.style();
    } else {
        reader.json();
    }
    reader.out
}

/// A letter of a name; whatever is not ASCII counts as one.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

const CONST: &[u8] = b"const";

/// Words after which a slash begins a pattern.
const BEFORE_PATTERN: [&[u8]; 5] = [b"return", b"typeof", b"case", b"of", b"in"];

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    out: Vec<u8>,
    /// Where in `out` the word begins that is being written.
    word: usize,
    /// The comment that was left out ended a line.
    has_line: bool,
    /// For each bracket that is open: whether its statement now is one of constants.
    constants: Vec<bool>,
    /// What was written last ended such a statement.
    after_constants: bool,
}

impl Reader<'_> {
    /// The byte so many ahead; a line's end beyond the text.
    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(b'\n')
    }

    fn last(&self) -> u8 {
        self.out.last().copied().unwrap_or(b'\n')
    }

    /// Writes what stands up to `end`, as it is.
    fn copy(&mut self, end: usize) {
        let end = end.min(self.text.len());
        self.out.extend_from_slice(&self.text[self.at..end]);
        self.at = end;
        self.word = self.out.len();
        self.after_constants = false;
    }

    /// A statement of constants begins here. One that follows another is joined to it.
    fn constant(&mut self) {
        if let Some(last) = self.constants.last_mut() {
            *last = true;
        }
        if !self.after_constants {
            self.copy(self.at + CONST.len());
            return;
        }
        self.after_constants = false;
        self.out.pop();
        self.out.push(b',');
        self.at += CONST.len();
        self.skip_blanks(|byte| byte.is_ascii_whitespace());
        self.word = self.out.len();
    }

    fn begins_constant(&self) -> bool {
        self.text[self.at..].starts_with(CONST)
            && !is_name(self.peek(CONST.len()))
            && b";{}\n".contains(&self.last())
    }

    /// Keeps account of statements and brackets.
    fn account(&mut self, now: u8) {
        self.after_constants = false;
        match now {
            b'{' | b'(' | b'[' => self.constants.push(false),
            b'}' | b')' | b']' => drop(self.constants.pop()),
            b';' => {
                if let Some(last) = self.constants.last_mut() {
                    self.after_constants = core::mem::take(last);
                }
            }
            _ => {}
        }
    }

    /// Where the text that begins at `from` with a quotation mark ends. A template may
    /// hold expressions, and they texts again.
    fn text_end(&self, from: usize) -> usize {
        let byte = |at: usize| self.text.get(at).copied();
        let quote = byte(from);
        let mut at = from + 1;
        while let Some(now) = byte(at).filter(|now| Some(*now) != quote) {
            if now == b'$' && quote == Some(b'`') && byte(at + 1) == Some(b'{') {
                let mut depth = 1;
                at += 2;
                while depth > 0 {
                    match byte(at) {
                        Some(b'"' | b'\'' | b'`') => at = self.text_end(at) - 1,
                        Some(b'{') => depth += 1,
                        Some(b'}') => depth -= 1,
                        Some(_) => {}
                        None => return at,
                    }
                    at += 1;
                }
            } else {
                at += if now == b'\\' { 2 } else { 1 };
            }
        }
        at + 1
    }

    /// Where the pattern ends that begins here.
    fn pattern_end(&self) -> usize {
        let (mut at, mut class) = (self.at + 1, false);
        while let Some(now) = self.text.get(at) {
            match now {
                b'\\' => at += 1,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => return at + 1,
                _ => {}
            }
            at += 1;
        }
        at
    }

    /// Leaves a comment out.
    fn comment(&mut self) {
        let begun = self.at;
        while self.at < self.text.len() {
            if self.peek(0) == b'*' && self.peek(1) == b'/' {
                self.at += 2;
                break;
            }
            self.at += 1;
        }
        self.has_line |= self.text[begun..self.at.min(self.text.len())].contains(&b'\n');
    }

    /// A line's end, where it may end a statement too.
    fn line_end(&mut self) {
        if !b"\n{}([;,=?:&|>".contains(&self.last()) {
            self.out.push(b'\n');
        }
        self.word = self.out.len();
    }

    fn skip_blanks(&mut self, blank: fn(u8) -> bool) {
        while self.at < self.text.len() && blank(self.peek(0)) {
            self.at += 1;
        }
    }

    fn script(&mut self) {
        while self.at < self.text.len() {
            let now = self.peek(0);
            match now {
                b'"' | b'\'' | b'`' => self.copy(self.text_end(self.at)),
                b'/' if self.peek(1) == b'/' => {
                    while self.at < self.text.len() && self.peek(0) != b'\n' {
                        self.at += 1;
                    }
                }
                b'/' if self.peek(1) == b'*' => {
                    self.at += 2;
                    self.comment();
                    if self.has_line {
                        self.line_end();
                        self.has_line = false;
                    }
                }
                b'\n' => {
                    self.line_end();
                    self.at += 1;
                }
                b'/' if self.begins_pattern() => self.copy(self.pattern_end()),
                _ if is_blank(now) => {
                    self.skip_blanks(is_blank);
                    let is_pattern = self.peek(0) == b'/' && self.begins_pattern();
                    let stays = if is_pattern {
                        is_name(self.last())
                    } else {
                        self.parts(self.last(), self.peek(0))
                    };
                    if stays && !self.is_comment() {
                        self.out.push(b' ');
                    }
                    // What stands before the blank says what a slash is, not the blank.
                    if is_pattern && !self.is_comment() {
                        self.copy(self.pattern_end());
                    }
                    self.word = self.out.len();
                }
                b'c' if self.begins_constant() => self.constant(),
                _ => {
                    // None of these begins a statement; the last of a block ends with it.
                    let goes_on = b"}).],?:;=&|".contains(&now) && self.last() == b'\n';
                    if goes_on && !self.out.is_empty() {
                        self.out.pop();
                    }
                    if now == b'}' && self.last() == b';' {
                        self.out.pop();
                    }
                    self.account(now);
                    self.out.push(now);
                    if !is_name(now) {
                        self.word = self.out.len();
                    }
                    self.at += 1;
                }
            }
        }
    }

    fn is_comment(&self) -> bool {
        self.peek(0) == b'/' && matches!(self.peek(1), b'/' | b'*')
    }

    fn begins_pattern(&self) -> bool {
        let word = &self.out[self.word..];
        b"(,=:[!&|?{};+-*%~^<>\n".contains(&self.last()) || BEFORE_PATTERN.contains(&word)
    }

    /// Whether a blank between the two has a meaning.
    fn parts(&self, before: u8, after: u8) -> bool {
        if before == b'\n' || after == b'\n' {
            return false;
        }
        (is_name(before) && is_name(after))
            || (before == after && matches!(before, b'+' | b'-'))
            || before == b'/'
            || after == b'/'
    }

    fn style(&mut self) {
        while self.at < self.text.len() {
            let now = self.peek(0);
            match now {
                b'"' => self.copy(self.text_end(self.at)),
                b'/' if self.peek(1) == b'*' => {
                    self.at += 2;
                    self.comment();
                }
                _ if now.is_ascii_whitespace() => {
                    self.skip_blanks(|byte| byte.is_ascii_whitespace());
                    // After a colon stands a value; before one, `a :hover` is not `a:hover`.
                    let useless =
                        b"{};,:>\n".contains(&self.last()) || b"{};,>\n".contains(&self.peek(0));
                    if !useless {
                        self.out.push(b' ');
                    }
                }
                b'}' if self.last() == b';' => {
                    self.out.pop();
                    self.out.push(now);
                    self.at += 1;
                }
                _ => {
                    self.out.push(now);
                    self.at += 1;
                }
            }
        }
    }

    fn json(&mut self) {
        while self.at < self.text.len() {
            match self.peek(0) {
                b'"' => self.copy(self.text_end(self.at)),
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                _ => self.copy(self.at + 1),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(path: &str, text: &str) -> String {
        String::from_utf8(plain(path, text.as_bytes().to_vec())).expect("text")
    }

    #[test]
    fn spaces_comments_and_idle_line_ends_go() {
        let text = "// a\n  let b = \"// x\"; // c\n/** d\n * e */ f ( 1 , 2 )\n  g\n";
        assert_eq!(sent("x.js", text), "let b=\"// x\";f(1,2)\ng\n");
        let ends = "f(\n  1,\n  [\n 2 ])\n/* a */ g\nh /* b\n */ [1]\n";
        assert_eq!(sent("x.js", ends), "f(1,[2])\ng\nh\n[1]\n");
        let ends = "f(() => {\n  a()\n    .b();\n  return c;\n});\nx =\n  1\n";
        assert_eq!(sent("x.js", ends), "f(()=>{a().b();return c});x=1\n");
        assert_eq!(
            sent("x.json", "{\n \"a b\": \"c, d\"\n}\n"),
            "{\"a b\":\"c, d\"}"
        );
        assert_eq!(sent("x.svg", " a  b "), " a  b ");
    }

    #[test]
    fn what_has_a_meaning_stays() {
        for (text, plain) in [
            ("return a", "return a"),
            ("x = a + +b - -c", "x=a+ +b- -c"),
            ("a = b / c", "a=b / c"),
            ("r = /[ /] +x/.test(s)", "r=/[ /] +x/.test(s)"),
            ("return / a /.exec(s)", "return / a /.exec(s)"),
            ("a = b + c /  d / e", "a=b+c / d / e"),
            ("f( /x y/ , 1) // z", "f(/x y/ ,1)"),
            ("t = ` a ${ f(\" } \") } b `", "t=` a ${ f(\" } \") } b `"),
            ("t = `${`a ${b} `} // `", "t=`${`a ${b} `} // `"),
            ("s = 'it\\'s  so'", "s='it\\'s  so'"),
            ("export { 釜 , b }", "export{釜,b}"),
            ("import x from \"y\"", "import x from\"y\""),
        ] {
            assert_eq!(sent("x.js", text), plain);
        }
        assert_eq!(
            sent(
                "x.css",
                "a :hover > b , c { font : 1px \"No to\" ; margin: calc(1px + 2px); }\n"
            ),
            "a :hover>b,c{font :1px \"No to\";margin:calc(1px + 2px)}"
        );
        assert_eq!(
            sent(
                "x.css",
                "/* a */\na,\nb {\n  c: d;\n}\n\n/* e\n */\nf { g: h; }\n"
            ),
            "a,b{c:d}f{g:h}"
        );
    }

    #[test]
    fn constants_that_follow_each_other_are_joined() {
        for (text, plain) in [
            ("const a = 1; // x\nconst b = 2;", "const a=1,b=2;"),
            (
                "const f = (x) => {\n  const {\n y } = x;\n  const [z] = y; return z;\n};\nconst g = 1;",
                "const f=(x)=>{const{y}=x,[z]=y;return z},g=1;",
            ),
            (
                "for (const a of b) c(a); const d = 1;",
                "for(const a of b)c(a);const d=1;",
            ),
            (
                "let a = 1; const b = 2; d(); const e = 3;",
                "let a=1;const b=2;d();const e=3;",
            ),
            (
                "if (a) { const b = 1; } const c = 2; const constant = 3;",
                "if(a){const b=1}const c=2,constant=3;",
            ),
            (
                "export const a = 1; const b = \"; const \";",
                "export const a=1;const b=\"; const \";",
            ),
        ] {
            assert_eq!(sent("x.js", text), plain);
        }
    }

    #[test]
    fn a_text_that_is_cut_off_ends_with_the_file() {
        for text in ["a = \"b", "`${", "/* a", "r = /[", "'\\"] {
            assert!(sent("x.js", text).len() <= text.len());
        }
    }
}
