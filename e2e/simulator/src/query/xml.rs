//! A writer for the little XML that the query protocol answers with.

use std::fmt::{Display, Write};

/// XML under construction.
#[derive(Debug, Default)]
pub(crate) struct Xml(String);

impl Xml {
    /// `<name>…</name>` around whatever `inner` writes.
    pub(crate) fn element(&mut self, name: &str, inner: impl FnOnce(&mut Xml)) {
        self.push(format_args!("<{name}>"));
        inner(self);
        self.push(format_args!("</{name}>"));
    }

    /// The outermost element with the namespace of Auto Scaling.
    pub(crate) fn root(name: &str, inner: impl FnOnce(&mut Xml)) -> String {
        Xml::document(name, "http://autoscaling.amazonaws.com/doc/2011-01-01/", inner)
    }

    /// The outermost element with a namespace.
    pub(crate) fn document(name: &str, namespace: &str, inner: impl FnOnce(&mut Xml)) -> String {
        let mut xml = Xml::default();
        xml.push(format_args!("<{name} xmlns=\"{namespace}\">"));
        inner(&mut xml);
        xml.push(format_args!("</{name}>"));
        xml.finish()
    }

    /// What was written.
    pub(crate) fn finish(self) -> String {
        self.0
    }

    /// `<name>value</name>`, escaped.
    pub(crate) fn text(&mut self, name: &str, value: impl Display) {
        self.element(name, |xml| xml.value(value));
    }

    /// A bare value, escaped.
    pub(crate) fn value(&mut self, value: impl Display) {
        value.to_string().chars().for_each(|c| self.character(c));
    }

    /// The same if there is a value, else nothing.
    pub(crate) fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// `<name><member>…</member>…</name>`.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        write: impl Fn(&mut Xml, T),
    ) {
        self.element(name, |xml| {
            for item in items {
                xml.element("member", |xml| write(xml, item));
            }
        });
    }

    /// `<name><item>…</item>…</name>`, as EC2 has its lists.
    pub(crate) fn items<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        write: impl Fn(&mut Xml, T),
    ) {
        self.element(name, |xml| {
            for item in items {
                xml.element("item", |xml| write(xml, item));
            }
        });
    }

    fn character(&mut self, c: char) {
        match c {
            '&' => self.0.push_str("&amp;"),
            '<' => self.0.push_str("&lt;"),
            '>' => self.0.push_str("&gt;"),
            '"' => self.0.push_str("&quot;"),
            '\r' => self.0.push_str("&#xD;"),
            '\t' | '\n' => self.0.push(c),
            // XML 1.0 has no way to write other control characters.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => self.0.push('\u{fffd}'),
            c => self.0.push(c),
        }
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String cannot go wrong.
        let _ = self.0.write_fmt(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_control_characters_are_replaced() {
        let mut xml = Xml::default();
        xml.text("A", "<b> & \"c\" \u{1}\r");
        assert_eq!(xml.0, "<A>&lt;b&gt; &amp; &quot;c&quot; \u{fffd}&#xD;</A>");
    }

    #[test]
    fn an_empty_list_is_an_empty_element() {
        let mut xml = Xml::default();
        xml.list("L", Vec::<String>::new(), |xml, item| xml.text("I", item));
        assert_eq!(xml.0, "<L></L>");
    }
}
