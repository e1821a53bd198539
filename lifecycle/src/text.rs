//! What others say, made fit for one line of a log or a status.

/// The longest text that is passed on, in characters.
const LIMIT: usize = 300;

/// Makes foreign text fit for one line: no control characters, no line breaks, at most 300 characters. An error message may
/// be a whole page of HTML, or carry codes that a terminal would obey.
pub fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty());
    let mut line = String::new();
    let mut length = 0;
    for word in words {
        let separator = usize::from(!line.is_empty());
        if length + separator + word.chars().count() > LIMIT {
            line.extend(word.chars().take(LIMIT.saturating_sub(length + separator)));
            line.push('…');
            return line;
        }
        if separator > 0 {
            line.push(' ');
        }
        line.push_str(word);
        length += separator + word.chars().count();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_stays_as_it_is() {
        assert_eq!(one_line("AccessDenied: no right (HTTP 403)"), "AccessDenied: no right (HTTP 403)");
    }

    #[test]
    fn line_breaks_and_terminal_codes_go() {
        assert_eq!(one_line("a\n\r\n b\u{1b}[31mred\t\u{0}c"), "a b [31mred c");
    }

    #[test]
    fn pages_are_cut() {
        assert!(one_line(&"x".repeat(500_000)).chars().count() <= LIMIT + 1);
        assert!(one_line(&"ü y ".repeat(100_000)).chars().count() <= LIMIT + 1);
    }
}
