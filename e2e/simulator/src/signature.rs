//! Who signed a request, and for which service.
//!
//! No secret is known here, so that no signature is compared, and neither age nor region counts. But as at AWS a request
//! without a signature is refused, and so is one that is signed for another service. What each service says to that is its
//! own: see `refusals`.

use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};

use crate::query::Params;

/// What the parameters of a signed address begin with.
pub(crate) const SIGNING: &str = "X-Amz-";

/// The signature of a request, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Signature {
    /// The access key id; empty without a signature.
    pub(crate) caller: String,
    /// The service it was signed for.
    pub(crate) service: Option<String>,
    flaw: Option<Flaw>,
}

/// Why a request is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is not signed.
    Missing,
    /// Something of the signature is missing.
    Incomplete(String),
    /// It is signed for something else.
    Mismatch(String),
}

impl Signature {
    /// Reads the header, or without one the query of a signed address.
    pub(crate) fn read(headers: &HeaderMap, query: &str) -> Self {
        let header = headers.get(AUTHORIZATION).map(|value| String::from_utf8_lossy(value.as_bytes()));
        if let Some(header) = header {
            let has_date = headers.contains_key("x-amz-date") || headers.contains_key(DATE);
            return of_header(&header, has_date);
        }
        let params = Params::parse(query.as_bytes()).unwrap_or_default();
        if params.under(SIGNING).is_empty() {
            return Signature { flaw: Some(Flaw::Missing), ..Signature::default() };
        }
        let needed = ["Credential", "SignedHeaders", "Signature", "Date"];
        let lacking = needed.into_iter().filter(|name| params.text(&format!("{SIGNING}{name}")).is_none());
        let lacking: Vec<_> = lacking.map(|name| format!("'{SIGNING}{name}'")).collect();
        let credential = params.text(&format!("{SIGNING}Credential")).unwrap_or_default();
        let why = format!("AWS query-string parameters must include {}.", lacking.join(", "));
        scoped(&credential, (!lacking.is_empty()).then_some(why))
    }

    /// Refuses what is not signed for `service`.
    pub(crate) fn check(&self, service: &str) -> Result<(), Flaw> {
        if let Some(flaw) = &self.flaw {
            return Err(flaw.clone());
        }
        if self.service.as_deref() == Some(service) {
            return Ok(());
        }
        Err(Flaw::Mismatch(format!("Credential should be scoped to correct service: '{service}'. ")))
    }
}

/// `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/autoscaling/aws4_request, SignedHeaders=host, Signature=0`
fn of_header(header: &str, has_date: bool) -> Signature {
    let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
    let pairs = rest.split(',').filter_map(|pair| pair.trim().split_once('='));
    let pairs: Vec<_> = pairs.filter(|(_, value)| !value.is_empty()).collect();
    let find = |wanted: &str| pairs.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let needed = ["Credential", "Signature", "SignedHeaders"];
    let mut lacking: Vec<_> = needed
        .into_iter()
        .filter(|name| !scheme.starts_with("AWS4-") || find(name).is_none())
        .map(|name| format!("Authorization header requires '{name}' parameter."))
        .collect();
    if !has_date {
        lacking.push(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".to_owned(),
        );
    }
    let why = format!("{} Authorization={header}", lacking.join(" "));
    scoped(find("Credential").unwrap_or_default(), (!lacking.is_empty()).then_some(why))
}

/// `AKID/20260101/us-east-1/autoscaling/aws4_request`; without the region if it holds for several.
fn scoped(credential: &str, incomplete: Option<String>) -> Signature {
    let parts: Vec<_> = credential.split('/').collect();
    let (caller, scope) = parts.split_first().unwrap_or((&"", &[]));
    let (date, service) = match scope {
        [date, _, service, "aws4_request"] | [date, service, "aws4_request"] => (*date, Some(*service)),
        _ => ("", None),
    };
    let is_date = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    let flaw = match (incomplete, service) {
        (Some(why), _) => Some(Flaw::Incomplete(why)),
        (None, None) => Some(Flaw::Incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term, got '{credential}'"
        ))),
        (None, Some(_)) if !is_date => Some(Flaw::Mismatch(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}'"
        ))),
        (None, Some(_)) => None,
    };
    Signature { caller: (*caller).to_owned(), service: service.map(str::to_owned), flaw }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WHOLE: &str = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0";
    const DATE: (&str, &str) = ("x-amz-date", "20260101T000000Z");

    fn read(headers: &[(&'static str, &str)], query: &str) -> Signature {
        let headers = headers.iter().map(|(name, value)| {
            let value = http::HeaderValue::from_bytes(value.as_bytes()).expect("a header");
            (http::HeaderName::from_static(name), value)
        });
        Signature::read(&headers.collect(), query)
    }

    #[test]
    fn a_whole_signature_names_its_caller_and_its_service() {
        let several = WHOLE.replace("HMAC-SHA256", "ECDSA-P256-SHA256").replace("/us-east-1", "");
        let close = WHOLE.replace(", ", ",");
        for header in [WHOLE, &several, &close] {
            let signature = read(&[("authorization", header), DATE], "");
            assert_eq!((signature.caller.as_str(), signature.service.as_deref()), ("AKID", Some("ec2")));
            assert_eq!(signature.check("ec2"), Ok(()), "{header}");
        }
        let old = read(&[("authorization", WHOLE), ("date", "Thu, 01 Jan 2026 00:00:00 GMT")], "");
        assert_eq!(old.check("ec2"), Ok(()));
    }

    #[test]
    fn an_address_can_be_signed() {
        let query = "Action=A&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fsqs%2F\
                     aws4_request&X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=0";
        let signature = read(&[], query);
        assert_eq!((signature.caller.as_str(), signature.check("sqs")), ("AKID", Ok(())));
        let Err(Flaw::Incomplete(why)) = read(&[], &query.replace("X-Amz-Date", "Date")).check("sqs") else {
            panic!("no date")
        };
        assert_eq!(why, "AWS query-string parameters must include 'X-Amz-Date'.");
    }

    #[test]
    fn what_is_not_signed_or_signed_for_something_else_is_told_apart() {
        assert_eq!(read(&[DATE], "Action=A").check("ec2"), Err(Flaw::Missing));
        let of =
            |header: &str| read(&[("authorization", header), DATE], "").check("ec2").expect_err("a flaw");
        let other = "Credential should be scoped to correct service: 'ec2'. ".to_owned();
        assert_eq!(of(&WHOLE.replace("/ec2/", "/autoscaling/")), Flaw::Mismatch(other));
        let Flaw::Mismatch(why) = of(&WHOLE.replace("20260101", "")) else { panic!("no date in the scope") };
        assert!(why.starts_with("Date in Credential scope"), "{why}");
        for (header, part) in [
            (WHOLE.replace(", Signature=0", ""), "requires 'Signature' parameter."),
            (WHOLE.replace("Credential", "Credit"), "requires 'Credential' parameter."),
            (WHOLE.replace("SignedHeaders=host", "SignedHeaders="), "requires 'SignedHeaders' parameter."),
            (WHOLE.replace("AKID/20260101/", ""), "Credential must have exactly 5"),
            ("Basic dXNlcg==".to_owned(), "requires 'Credential' parameter."),
        ] {
            let Flaw::Incomplete(why) = of(&header) else { panic!("{header}") };
            assert!(why.contains(part), "{header}: {why}");
        }
        let undated = read(&[("authorization", WHOLE)], "").check("ec2").expect_err("no date");
        let Flaw::Incomplete(why) = undated else { panic!("{undated:?}") };
        assert!(why.contains("either a 'X-Amz-Date' or a 'Date' header"), "{why}");
    }

    proptest! {
        #[test]
        fn any_header_and_query_are_read(header in "[ -~]{0,80}", query in "(X-Amz-[A-Za-z]{0,10}=[/a-z]{0,20}&){0,4}") {
            let _ = read(&[("authorization", &header)], "").check("ec2");
            let _ = read(&[], &query).check("ec2");
        }
    }
}
