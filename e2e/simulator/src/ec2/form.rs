//! Parameters as EC2 takes them: `InstanceId.1`, `Filter.1.Value.2`, and refusals in its words.

use std::collections::BTreeSet;

use crate::query::Params;
use crate::world::AwsError;

/// The parameters of a request to EC2.
pub(super) struct Form(pub(super) Params);

impl Form {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.text(name)
    }

    /// The same, as if one without a character were not there.
    pub(super) fn filled(&self, name: &str) -> Option<String> {
        self.0.text(name).filter(|text| !text.is_empty())
    }

    pub(super) fn required(&self, name: &str) -> Result<String, AwsError> {
        self.filled(name).ok_or_else(|| missing(name))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, AwsError> {
        self.word(name, &[("true", true), ("false", false), ("True", true), ("False", false)])
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u32>, AwsError> {
        self.0.text(name).map(|text| text.parse().map_err(|_| invalid(&text, name))).transpose()
    }

    pub(super) fn required_number(&self, name: &str) -> Result<u32, AwsError> {
        self.number(name)?.ok_or_else(|| missing(name))
    }

    /// One word of a closed set.
    pub(super) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, AwsError> {
        let Some(text) = self.0.text(name) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| Some(*value)).ok_or_else(|| invalid(&text, name))
    }

    /// The plain members of a list, in the order of their numbers.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        self.indices(name).iter().filter_map(|index| self.0.text(&format!("{name}.{index}"))).collect()
    }

    /// The members of a list of structures, each with the prefix taken off its names.
    pub(super) fn structures(&self, name: &str) -> Vec<Form> {
        self.indices(name).iter().map(|index| self.under(&format!("{name}.{index}."))).collect()
    }

    /// The parameters whose names start with `prefix`, without it.
    pub(super) fn under(&self, prefix: &str) -> Form {
        Form(self.0.under(prefix))
    }

    fn indices(&self, name: &str) -> BTreeSet<u32> {
        let index = |key: &String| {
            let rest = key.strip_prefix(name)?.strip_prefix('.')?;
            // `+1` is a number to Rust and none to AWS.
            rest.split('.').next()?.parse().ok().filter(|_| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        self.0.as_map().keys().filter_map(index).collect()
    }
}

/// A parameter that is not there.
pub(super) fn missing(name: &str) -> AwsError {
    AwsError::new(400, "MissingParameter", format!("The request must contain the parameter {name}"))
}

/// A parameter whose value is none.
pub(super) fn invalid(value: &str, name: &str) -> AwsError {
    let message = format!("Invalid value '{value}' for {name}.");
    AwsError::new(400, "InvalidParameterValue", message)
}

/// What would change how machines live, and is not built.
pub(super) fn not_built(what: &str) -> AwsError {
    AwsError::new(400, "UnsupportedOperation", format!("{what} is not supported by this simulator"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(text: &str) -> Form {
        Form(Params::parse(text.as_bytes()).expect("a well-formed form"))
    }

    #[test]
    fn lists_are_numbered_without_a_word_between() {
        let form = form("Id.10=c&Id.9=b&Id.1=a&Id=x&Id.y=no&Id.=no&Ids.1=other&Id.member.1=no");
        assert_eq!(form.list("Id"), ["a", "b", "c"]);
        assert!(form.list("Other").is_empty());
    }

    #[test]
    fn structures_keep_their_members_apart() {
        let form = form("Tag.1.Key=k&Tag.2.Key=l&Tag.2.Value=v");
        let tags = form.structures("Tag");
        assert_eq!((tags[0].text("Key"), tags[0].text("Value")), (Some("k".into()), None));
        assert_eq!(tags[1].text("Value").as_deref(), Some("v"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_refused_by_name() {
        let form = form("N=-1&F=maybe&E=");
        assert_eq!(form.number("N").expect_err("negative").code, "InvalidParameterValue");
        assert_eq!(form.flag("F").expect_err("neither").message, "Invalid value 'maybe' for F.");
        for name in ["E", "Absent"] {
            let error = form.required(name).expect_err(name);
            assert_eq!(error.code, "MissingParameter");
            assert_eq!(error.message, format!("The request must contain the parameter {name}"));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(form in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(params) = Params::parse(&form) {
                let form = Form(params);
                form.list("A");
                form.structures("A");
            }
        }
    }
}
