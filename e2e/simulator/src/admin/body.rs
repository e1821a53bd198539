//! The fields of a request, each read once; what nobody reads is refused by name.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::query::Params;

/// The longest time a request may name.
const LONGEST: u64 = 86_400_000;

/// The fields that are left, and the names of those that were asked for.
#[derive(Debug)]
pub(super) struct Body {
    members: Map<String, Value>,
    asked: Vec<&'static str>,
    /// In a query all values are texts.
    is_query: bool,
}

impl Body {
    /// The members of a JSON object.
    pub(super) fn of(members: Map<String, Value>) -> Self {
        Body { members, asked: Vec::new(), is_query: false }
    }

    /// A JSON object; nothing at all is one without fields.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let members = match bytes {
            [] => Map::new(),
            _ => serde_json::from_slice(bytes)
                .map_err(|error| format!("the body is no JSON object: {error}"))?,
        };
        Ok(Self::of(members))
    }

    /// The parameters of a query string.
    pub(super) fn query(query: &str) -> Result<Self, String> {
        let params = Params::parse(query.as_bytes()).map_err(|error| error.message)?;
        let members =
            params.as_map().iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        Ok(Body { members, asked: Vec::new(), is_query: true })
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, String> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, &other, "a text")),
        }
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, String> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(wrong(name, &other, "true or false")),
        }
    }

    /// A number in a range.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        range: &RangeInclusive<f64>,
    ) -> Result<Option<f64>, String> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let rule = || format!("a number from {} to {}", range.start(), range.end());
        value
            .as_f64()
            .filter(|number| range.contains(number))
            .map_or_else(|| Err(wrong(name, &value, &rule())), |number| Ok(Some(number)))
    }

    /// A whole number in a range.
    pub(super) fn whole(
        &mut self,
        name: &'static str,
        range: &RangeInclusive<u64>,
    ) -> Result<Option<u64>, String> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let of_query = value.as_str().filter(|_| self.is_query);
        let read = of_query.map_or_else(|| value.as_u64(), |text| text.parse().ok());
        let rule = || format!("a whole number from {} to {}", range.start(), range.end());
        read.filter(|number| range.contains(number))
            .map_or_else(|| Err(wrong(name, &value, &rule())), |number| Ok(Some(number)))
    }

    /// A time in milliseconds, at most a day.
    pub(super) fn millis(&mut self, name: &'static str) -> Result<Option<Duration>, String> {
        Ok(self.whole(name, &(0..=LONGEST))?.map(Duration::from_millis))
    }

    /// One word of a closed set.
    pub(super) fn word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, String> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| value.as_str() == Some(word));
        found.map_or_else(|| Err(wrong(name, &value, &one_of(words))), |(_, meant)| Ok(Some(*meant)))
    }

    /// Refuses what nobody asked for.
    pub(super) fn end(self) -> Result<(), String> {
        let Some((name, _)) = self.members.into_iter().next() else { return Ok(()) };
        if self.asked.is_empty() {
            return Err(format!("`{name}` is unknown here: there are no fields"));
        }
        Err(format!("`{name}` is unknown here: the fields are {}", self.asked.join(", ")))
    }

    /// A field; null is as good as none.
    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.asked.push(name);
        self.members.remove(name).filter(|value| !value.is_null())
    }
}

/// What must be there.
pub(super) fn needed<T>(value: Option<T>, name: &str, rule: &str) -> Result<T, String> {
    value.ok_or_else(|| format!("`{name}` is missing: it must be {rule}"))
}

/// The rule that a word of a closed set obeys.
pub(super) fn one_of<T>(words: &[(&str, T)]) -> String {
    let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    format!("one of {}", all.join(", "))
}

fn wrong(name: &str, value: &Value, rule: &str) -> String {
    // A long value would hide the rule.
    let shown: String = value.to_string().chars().take(60).collect();
    format!("`{name}` is {shown}: it must be {rule}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(text: &str) -> Body {
        Body::parse(text.as_bytes()).expect("an object")
    }

    #[test]
    fn a_wrong_field_is_named_with_what_is_allowed() {
        let words = &[("one", 1), ("two", 2)][..];
        let cases = [
            (
                body(r#"{"a":"three"}"#).word("a", words).err(),
                r#"`a` is "three": it must be one of one, two"#,
            ),
            (body(r#"{"a":1}"#).word("a", words).err(), "`a` is 1: it must be one of one, two"),
            (body(r#"{"a":2}"#).number("a", &(0.0..=1.0)).err(), "`a` is 2: it must be a number from 0 to 1"),
            (
                body(r#"{"a":"1"}"#).whole("a", &(0..=9)).err(),
                "`a` is \"1\": it must be a whole number from 0 to 9",
            ),
            (
                body(r#"{"a":-1}"#).whole("a", &(0..=9)).err(),
                "`a` is -1: it must be a whole number from 0 to 9",
            ),
            (body(r#"{"a":[]}"#).text("a").err(), "`a` is []: it must be a text"),
            (body(r#"{"a":1}"#).end().err(), "`a` is unknown here: there are no fields"),
            (needed(None::<u8>, "a", "a text").err(), "`a` is missing: it must be a text"),
        ];
        for (error, line) in cases {
            assert_eq!(error.as_deref(), Some(line));
        }
    }

    #[test]
    fn fields_are_read_once_and_the_rest_is_refused() {
        let mut sent = body(r#"{"a":"x","b":5,"c":null,"colour":"red"}"#);
        assert_eq!(sent.text("a"), Ok(Some("x".to_owned())));
        assert_eq!(sent.whole("b", &(0..=9)), Ok(Some(5)));
        assert_eq!(sent.text("c"), Ok(None));
        assert_eq!(sent.end(), Err("`colour` is unknown here: the fields are a, b, c".to_owned()));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["[]", "1", "{", "{}{}", "\"a\""] {
            assert!(
                Body::parse(text.as_bytes())
                    .is_err_and(|line| line.starts_with("the body is no JSON object"))
            );
        }
        assert!(body("{}").end().is_ok());
        assert!(Body::parse(b"").is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Body::parse(&bytes);
            let _ = Body::query(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn any_value_is_read_or_refused(value in "(\"\\PC{0,8}\"|-?[0-9]{1,30}(\\.[0-9]{1,3})?|true|\\[\\])") {
            let text = format!("{{\"a\":{value}}}");
            let Ok(_) = Body::parse(text.as_bytes()) else { return Ok(()) };
            let _ = body(&text).text("a");
            let _ = body(&text).number("a", &(0.0..=1.0));
            let _ = body(&text).millis("a");
            let _ = body(&text).word("a", &[("x", 1)]);
            prop_assert!(body(&text).end().is_err());
        }
    }
}
