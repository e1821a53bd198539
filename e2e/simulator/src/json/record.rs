//! The parameters of a request as the record of calls shows them.

use std::collections::BTreeMap;

use serde_json::Value;

/// So much is recorded of one call: no honest request has more or longer names.
const MOST_RECORDED: usize = 1000;
const LONGEST_RECORDED: usize = 1000;

/// All parameters by name, nested ones with dots and numbers, `Entries.1.Id`: for the record of calls.
pub(crate) fn flat(body: &[u8]) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        flatten(String::new(), &value, &mut flat);
    }
    flat
}

fn flatten(name: String, value: &Value, flat: &mut BTreeMap<String, String>) {
    let under = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    // Each name repeats those above it: without a limit a short body could take all memory.
    if name.len() > LONGEST_RECORDED || flat.len() >= MOST_RECORDED {
        return;
    }
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(part, member)| flatten(under(part), member, flat));
        }
        Value::Array(members) => {
            members
                .iter()
                .zip(1..)
                .for_each(|(member, part)| flatten(under(&part.to_string()), member, flat));
        }
        Value::String(text) => {
            flat.insert(name, text.clone());
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => {
            flat.insert(name, value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_record_names_nested_parameters_and_has_an_end() {
        let body = json!({ "QueueUrl": "u", "Entries": [{ "Id": "a" }, { "Id": "b", "DelaySeconds": 1 }] });
        let flat_body = flat(body.to_string().as_bytes());
        assert_eq!(flat_body["Entries.2.Id"], "b");
        assert_eq!(flat_body["Entries.2.DelaySeconds"], "1");
        assert_eq!(flat_body.len(), 4);
        let flood = json!({ "a": vec![0; 10_000], "b".repeat(2000): 1 });
        assert_eq!(flat(flood.to_string().as_bytes()).len(), MOST_RECORDED);
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_record(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            flat(&body);
        }
    }
}
