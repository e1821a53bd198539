//! The parameters of a request in the query protocol: `A=1&Names.member.1=x&Tags.member.1.Key=k`.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::AwsError;

/// Names and values, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    /// Decodes a form body or a query string. The last of several equal names wins.
    pub(crate) fn parse(form: &[u8]) -> Result<Self, AwsError> {
        let mut params = BTreeMap::new();
        for pair in form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let cut = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let value = pair.get(cut + 1..).unwrap_or_default();
            params.insert(decode(&pair[..cut])?, decode(value)?);
        }
        Ok(Params(params))
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// What must be there. How long it may be is the check's, before anything is read.
    pub(crate) fn required(&self, name: &str) -> Result<String, AwsError> {
        self.text(name).ok_or_else(|| missing(name))
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u32>, AwsError> {
        self.0
            .get(name)
            .map(|text| {
                text.parse().map_err(|_| {
                    let is_negative = text.parse::<i64>().is_ok_and(|number| number < 0);
                    let rule = if is_negative {
                        "Member must have value greater than or equal to 0"
                    } else {
                        "Member must be a non-negative integer"
                    };
                    invalid(&format!("'{text}'"), name, rule)
                })
            })
            .transpose()
    }

    /// A number that may be negative.
    pub(crate) fn signed(&self, name: &str) -> Result<Option<i32>, AwsError> {
        let read = |text: &String| {
            text.parse().map_err(|_| invalid(&format!("'{text}'"), name, "Member must be an integer"))
        };
        self.0.get(name).map(read).transpose()
    }

    pub(crate) fn required_number(&self, name: &str) -> Result<u32, AwsError> {
        self.number(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn required_flag(&self, name: &str) -> Result<bool, AwsError> {
        self.flag(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, AwsError> {
        self.0
            .get(name)
            .map(|text| match text.to_ascii_lowercase().as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(invalid(&format!("'{text}'"), name, "Member must be true or false")),
            })
            .transpose()
    }

    /// One word of a closed set.
    pub(crate) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, AwsError> {
        let Some(text) = self.0.get(name) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| word == text);
        found.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let rule = format!("Member must satisfy enum value set: [{}]", all.join(", "));
            invalid(&format!("'{text}'"), name, &rule)
        })
    }

    /// The plain members of a list, in the order of their numbers.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        self.indices(name).iter().filter_map(|index| self.text(&format!("{name}.member.{index}"))).collect()
    }

    /// The members of a list of structures, each with the prefix taken off its names.
    pub(crate) fn structures(&self, name: &str) -> Vec<Params> {
        self.indices(name).iter().map(|index| self.under(&format!("{name}.member.{index}."))).collect()
    }

    /// The parameters whose names start with `prefix`, without it.
    pub(crate) fn under(&self, prefix: &str) -> Params {
        let inner = self.0.iter().filter_map(|(name, value)| {
            let rest = name.strip_prefix(prefix)?;
            Some((rest.to_owned(), value.clone()))
        });
        Params(inner.collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn merge(&mut self, other: Params) {
        self.0.extend(other.0);
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Takes away all parameters whose names start with `prefix`.
    pub(crate) fn take_under(&mut self, prefix: &str) {
        self.0.retain(|name, _| !name.starts_with(prefix));
    }

    pub(crate) fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The numbers of a list's members, in order.
    pub(crate) fn indices(&self, name: &str) -> BTreeSet<u32> {
        let prefix = format!("{name}.member.");
        self.0.keys().filter_map(|key| key.strip_prefix(&prefix)?.split('.').next()?.parse().ok()).collect()
    }
}

/// A refusal because one parameter is not there.
pub(crate) fn missing(name: &str) -> AwsError {
    invalid("null", name, "Member must not be null")
}

/// A refusal of one parameter, in AWS's words.
pub(crate) fn invalid(value: &str, name: &str, rule: &str) -> AwsError {
    let mut member = name.to_owned();
    member[..1].make_ascii_lowercase();
    AwsError::validation(format!(
        "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {rule}"
    ))
}

/// Undoes form encoding: `+` is a space, `%41` a byte.
pub(crate) fn decode(text: &[u8]) -> Result<String, AwsError> {
    let malformed = || AwsError::new(400, "MalformedQueryString", "The query string contains a syntax error");
    let digit = |byte: Option<&u8>| byte.and_then(|byte| (*byte as char).to_digit(16));
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                let value = high.zip(low).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                decoded.push(value.ok_or_else(malformed)?);
            }
            other => decoded.push(*other),
        }
    }
    String::from_utf8(decoded).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn params(form: &str) -> Params {
        Params::parse(form.as_bytes()).expect("a well-formed form")
    }

    #[test]
    fn names_and_values_are_decoded() {
        let params = params("A=1+2%3d&B&C=%C3%A9&A=3");
        assert_eq!(params.text("A").as_deref(), Some("3"));
        assert_eq!(params.text("B").as_deref(), Some(""));
        assert_eq!(params.text("C").as_deref(), Some("é"));
    }

    #[test]
    fn lists_are_ordered_by_number_not_by_text() {
        let params = params("I.member.10=c&I.member.9=b&I.member.1=a&I=&I.member.x=no");
        assert_eq!(params.list("I"), ["a", "b", "c"]);
        assert!(params.list("Other").is_empty());
    }

    #[test]
    fn lists_of_structures_keep_their_members_apart() {
        let params = params("T.member.1.Key=k&T.member.2.Key=l&T.member.2.Value=v");
        let tags = params.structures("T");
        assert_eq!(tags[0].text("Key").as_deref(), Some("k"));
        assert_eq!(tags[0].text("Value"), None);
        assert_eq!(tags[1].text("Value").as_deref(), Some("v"));
    }

    #[test]
    fn broken_escapes_are_refused() {
        for form in ["A=%", "A=%4", "A=%zz", "A=%ff"] {
            let error = Params::parse(form.as_bytes()).expect_err(form);
            assert_eq!(error.code, "MalformedQueryString");
        }
    }

    #[test]
    fn a_refusal_names_the_parameter_as_aws_does() {
        let error = params("MinSize=-1").number("MinSize").expect_err("negative");
        assert_eq!(
            error.message,
            "1 validation error detected: Value '-1' at 'minSize' failed to satisfy constraint: Member must have value \
             greater than or equal to 0"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused(form in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(params) = Params::parse(&form) {
                params.list("A");
                params.structures("A");
            }
        }

        #[test]
        fn encoded_text_comes_back(text in "\\PC{0,40}") {
            let escaped: Vec<_> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(params(&format!("A={}", escaped.concat())).text("A"), Some(text));
        }
    }
}
