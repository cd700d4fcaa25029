//! Keeps hostile nesting from exhausting the stack: bounds how deep the parser can recurse before it is called, and
//! gives it a stack that is large enough for that bound. Depends on nothing; knows tokens only as far as nesting needs.

/// How deep brackets, and the syntax tree, may be nested.
pub(super) const LIMIT: usize = 200;

/// How many prefixes (`!`, `typeof`, `a =>`, `else if`, …) may follow each other without a `,`, `;` or bracket between.
const PREFIXES: usize = 3_000;

/// Texts with fewer tokens than this cannot nest deep, and are not looked through.
const FEW: usize = 80;

/// How much stack parsing and walking a text takes at most: for a level of nesting, at most 12 KiB were measured on an
/// unoptimised build, for a prefix 6 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stack {
    /// Few tokens: on most threads there is as much left.
    Small,
    /// Up to 60 levels of brackets and as many prefixes, and a tree up to the limit.
    Medium,
    /// Up to the limits.
    Large,
}

/// Up to how many levels and prefixes [`Stack::Medium`] is enough.
const MEDIUM: usize = 60;

/// Runs `work`, which parses or walks a text that needs `stack`.
pub(super) fn with_stack<T>(stack: Stack, work: impl FnOnce() -> T) -> T {
    const MEBI: usize = 1 << 20;
    let needed = match stack {
        Stack::Small => MEBI,
        Stack::Medium => 4 * MEBI,
        Stack::Large => 24 * MEBI,
    };
    stacker::maybe_grow(needed, needed + 4 * MEBI, work)
}

/// What a text is parsed as.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// One expression: the parser stops where another could begin.
    Expression,
    /// Statements.
    Module,
}

/// Accepts `text` if no parser can recurse deeper into it than the limits, and tells the stack that it needs.
///
/// # Errors
/// The byte offset of the token that is nested too deep.
pub(super) fn check(text: &str, kind: Kind) -> Result<Stack, usize> {
    if few_tokens(text) { Ok(Stack::Small) } else { Scan::new(text, kind).run() }
}

/// Words that can stand before or after another word in an expression.
const KEYWORDS: &[&str] = &[
    "abstract",
    "accessor",
    "as",
    "assert",
    "asserts",
    "async",
    "await",
    "case",
    "class",
    "const",
    "declare",
    "default",
    "defer",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "finally",
    "for",
    "from",
    "function",
    "get",
    "global",
    "if",
    "implements",
    "import",
    "in",
    "infer",
    "instanceof",
    "interface",
    "is",
    "keyof",
    "let",
    "module",
    "namespace",
    "new",
    "of",
    "out",
    "override",
    "private",
    "protected",
    "public",
    "readonly",
    "require",
    "return",
    "satisfies",
    "set",
    "source",
    "static",
    "super",
    "switch",
    "symbol",
    "this",
    "throw",
    "try",
    "type",
    "typeof",
    "unique",
    "using",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// Whether `text` has fewer than [`FEW`] tokens (words and punctuation, wherever they stand).
fn few_tokens(text: &str) -> bool {
    let mut tokens = 0;
    let mut in_word = false;
    for char in text.chars() {
        let word = is_word(char);
        if !(is_space(char) || word && in_word) {
            tokens += 1;
            if tokens >= FEW {
                return false;
            }
        }
        in_word = word;
    }
    true
}

fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_' || char == '$' || (!char.is_ascii() && !is_space(char))
}

fn is_space(char: char) -> bool {
    char.is_whitespace() || char == '\u{feff}'
}

fn is_line_end(char: char) -> bool {
    matches!(char, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// An open bracket: which one closes it, and the prefixes since the last `,` or `;` in it.
struct Level {
    closer: char,
    template: bool,
    prefixes: usize,
}

/// What the last token was, as far as it decides what the next one can be.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Operator,
    Keyword,
    Word,
    Operand,
}

struct Scan<'t> {
    text: &'t str,
    kind: Kind,
    at: usize,
    levels: Vec<Level>,
    prefixes: usize,
    last: Last,
    /// Set where a `/` could begin a regular expression that hides a quote: from there on nothing closes any more.
    doubt: bool,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str, kind: Kind) -> Self {
        let ground = Level { closer: '\0', template: false, prefixes: 0 };
        Self { text, kind, at: 0, levels: vec![ground], prefixes: 0, last: Last::Operator, doubt: false }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += char.len_utf8();
        Some(char)
    }

    fn run(mut self) -> Result<Stack, usize> {
        let mut stack = Stack::Medium;
        while let Some(char) = self.peek() {
            let start = self.at;
            if !self.token(char) {
                break;
            }
            if self.levels.len() > LIMIT || self.prefixes > PREFIXES {
                return Err(start);
            }
            if self.levels.len() > MEDIUM || self.prefixes > MEDIUM {
                stack = Stack::Large;
            }
        }
        Ok(stack)
    }

    /// Passes one token, which begins with `char`; false where the parser stops for certain.
    fn token(&mut self, char: char) -> bool {
        match char {
            '/' if !self.doubt => return self.slash(),
            _ if is_word(char) => return self.word(),
            _ => self.bump(),
        };
        match char {
            '(' | '[' | '{' => self.open(char, false),
            ')' | ']' | '}' => return self.close(char),
            ',' | ';' => self.separate(),
            '"' | '\'' if !self.doubt => return self.string(char),
            '`' if !self.doubt => return self.template(),
            _ if is_space(char) => {}
            _ => self.operator(char),
        }
        true
    }

    fn open(&mut self, bracket: char, template: bool) {
        let closer = match bracket {
            '(' => ')',
            '[' => ']',
            _ => '}',
        };
        self.levels.push(Level { closer, template, prefixes: 0 });
        self.last = Last::Operator;
    }

    fn close(&mut self, bracket: char) -> bool {
        self.last = Last::Operand;
        if self.doubt || self.levels.last().is_none_or(|level| level.closer != bracket) {
            return true;
        }
        let closed = self.levels.pop();
        self.prefixes -= closed.as_ref().map_or(0, |level| level.prefixes);
        if closed.is_some_and(|level| level.template) { self.template() } else { true }
    }

    fn separate(&mut self) {
        self.last = Last::Operator;
        if let Some(level) = self.levels.last_mut().filter(|_| !self.doubt) {
            self.prefixes -= level.prefixes;
            level.prefixes = 0;
        }
    }

    fn prefix(&mut self) {
        self.prefixes += 1;
        if let Some(level) = self.levels.last_mut() {
            level.prefixes += 1;
        }
    }

    fn word(&mut self) -> bool {
        let rest = self.rest();
        let word = rest.split(|char| !is_word(char)).next().unwrap_or_default();
        let keyword = KEYWORDS.contains(&word);
        // Prose: no expression goes on where a word follows a word.
        let ended = matches!(self.last, Last::Word | Last::Operand) && !keyword;
        if ended && self.kind == Kind::Expression && self.levels.len() == 1 && !self.doubt {
            return false;
        }
        if self.last != Last::Operator {
            self.prefix();
        }
        self.at += word.len();
        self.last = if keyword { Last::Keyword } else { Last::Word };
        true
    }

    fn operator(&mut self, char: char) {
        let counts = match char {
            '!' | '~' | '+' | '-' | '.' => self.last == Last::Operator,
            '?' | ':' | '=' | '<' | '*' => true,
            _ => false,
        };
        if counts {
            self.prefix();
        }
        self.last = Last::Operator;
    }

    /// Passes an escape's second character; a carriage return and line feed are one.
    fn escaped(&mut self) {
        if self.bump() == Some('\r') && self.peek() == Some('\n') {
            self.bump();
        }
    }

    fn string(&mut self, quote: char) -> bool {
        self.last = Last::Operand;
        while let Some(char) = self.bump() {
            match char {
                '\n' | '\r' => return false,
                '\\' => self.escaped(),
                _ if char == quote => return true,
                _ => {}
            }
        }
        false
    }

    /// Passes the text of a template literal, up to its end or the next `${`.
    fn template(&mut self) -> bool {
        self.last = Last::Operand;
        while let Some(char) = self.bump() {
            match char {
                '\\' => self.escaped(),
                '`' => return true,
                '$' if self.peek() == Some('{') => {
                    self.bump();
                    self.open('{', true);
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    /// Passes a comment, a regular expression or a division.
    fn slash(&mut self) -> bool {
        let rest = self.rest();
        if rest.starts_with("//") {
            self.at += rest.find(is_line_end).unwrap_or(rest.len());
        } else if let Some(comment) = rest.strip_prefix("/*") {
            match comment.find("*/") {
                Some(end) => self.at += end + 4,
                None => return false,
            }
        } else {
            self.bump();
            if self.last == Last::Operator {
                return self.regex();
            }
            self.division();
        }
        true
    }

    fn regex(&mut self) -> bool {
        let mut class = false;
        self.last = Last::Operand;
        while let Some(char) = self.bump() {
            match char {
                _ if is_line_end(char) => return false,
                '\\' if self.peek().is_some_and(|next| !is_line_end(next)) => self.escaped(),
                '[' => class = true,
                ']' => class = false,
                '/' if !class => return true,
                _ => {}
            }
        }
        false
    }

    /// A `/` after a word or bracket divides, nearly always. Where it could as well begin a regular expression that
    /// holds a quote or closes more than it opens, what follows is counted so that both readings are covered.
    fn division(&mut self) {
        self.last = Last::Operator;
        let line = self.rest().split(is_line_end).next().unwrap_or_default();
        let Some((inside, _)) = line.rsplit_once('/') else { return };
        let (mut open, mut closed) = (0_usize, 0_usize);
        for char in inside.chars() {
            match char {
                '"' | '\'' | '`' => self.doubt = true,
                '(' | '[' | '{' => open += 1,
                ')' | ']' | '}' => closed += 1,
                _ => {}
            }
        }
        for _ in open..closed {
            self.levels.insert(0, Level { closer: '\0', template: false, prefixes: 0 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_deep_is_refused_and_what_is_only_long_is_not() {
        let deep = |open: &str, close: &str| format!("{}a{}", open.repeat(300), close.repeat(300));
        let check = |text: &str| check(text, Kind::Module);
        for text in [deep("(", ")"), deep("[", "]"), deep("{a:", "}"), deep("`${", "}`"), deep("f(", ")"), "(".repeat(500)] {
            assert!(check(&text).is_err(), "{text}");
        }
        for prefix in ["!", "typeof ", "a=>", "a?b:", "a:", "if(a)", "-", "new ", "a<"] {
            assert!(check(&prefix.repeat(4_000)).is_err(), "{prefix}");
        }
        for text in ["(a) + ".repeat(4_000), "f('(((');\n".repeat(500), "/[(]'/.test(a);".repeat(500), "`(((`,".repeat(500)] {
            assert!(check(&text).is_ok(), "{text}");
        }
    }

    #[test]
    fn prose_is_not_looked_through() {
        let prose = "Lorem ipsum (dolor) sit amet. ".repeat(2_000);
        assert_eq!(check(&prose, Kind::Expression), Ok(Stack::Medium));
        assert!(check(&format!("Lorem (ipsum) as {}", "(".repeat(300)), Kind::Expression).is_err());
    }

    #[test]
    fn a_quote_in_what_might_be_a_regular_expression_hides_no_brackets() {
        let text = format!("if (a) /'/.test({}", "(".repeat(300));
        assert!(check(&text, Kind::Expression).is_err());
        let text = format!("{}(a) / ')))))))' / {}", "(".repeat(150), "(".repeat(150));
        assert!(check(&text, Kind::Expression).is_err());
    }
}
