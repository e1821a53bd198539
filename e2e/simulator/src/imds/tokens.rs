//! The session tokens of `IMDSv2`.
//!
//! Known of a machine that comes back from hibernation: the tokens that it remembers get 401. That they end with the power
//! however it ends is a judgement.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use http::HeaderMap;

use super::answers::TTL;

const TOKEN_HEADER: &str = "x-aws-ec2-metadata-token";
const LONGEST_TTL: u64 = 21_600;
/// So many are good at a time, which no honest client reaches; those that end first are given up for more.
const MOST: usize = 10_000;

/// The tokens an instance has given out, with their ends. Real time: clients count it too.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    ends: BTreeMap<String, Instant>,
    /// The same, the first to end first.
    order: BTreeSet<(Instant, String)>,
}

impl Tokens {
    /// Answers a request for a token: `Ok` with its lifetime, or the status of the refusal.
    pub(super) fn issue(
        &mut self,
        headers: &HeaderMap,
        token: String,
        now: Instant,
    ) -> Result<(String, u64), u16> {
        // It would come from behind a proxy, that is from somebody else.
        if headers.contains_key("x-forwarded-for") {
            return Err(403);
        }
        let ttl = headers
            .get(TTL)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse().ok())
            .filter(|ttl| (1..=LONGEST_TTL).contains(ttl))
            .ok_or(400_u16)?;
        let end = now + Duration::from_secs(ttl);
        self.ends.insert(token.clone(), end);
        self.order.insert((end, token.clone()));
        while self.order.first().is_some_and(|(end, _)| *end <= now || self.order.len() > MOST) {
            let Some((_, over)) = self.order.pop_first() else { break };
            self.ends.remove(&over);
        }
        Ok((token, ttl))
    }

    /// How many seconds the token of a request is still good, rounded up; the error says whether it shows one at all.
    pub(super) fn check(&self, headers: &HeaderMap, now: Instant) -> Result<u64, bool> {
        let shown = headers.get(TOKEN_HEADER).ok_or(false)?;
        let end = shown.to_str().ok().and_then(|token| self.ends.get(token)).ok_or(true)?;
        let left = end.saturating_duration_since(now);
        if left.is_zero() {
            Err(true)
        } else {
            Ok(left.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
        }
    }

    /// Makes every token given out so far a bad one.
    pub(super) fn forget(&mut self) {
        *self = Tokens::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_token_is_good_until_its_end() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        let (token, ttl) = tokens
            .issue(&headers(&[("x-aws-ec2-metadata-token-ttl-seconds", "60")]), "secret".into(), now)
            .expect("a token");
        assert_eq!(ttl, 60);
        let with_token = headers(&[(TOKEN_HEADER, &token)]);
        assert_eq!(tokens.check(&with_token, now), Ok(60));
        assert_eq!(tokens.check(&with_token, now + Duration::from_millis(59_001)), Ok(1));
        assert_eq!(tokens.check(&with_token, now + Duration::from_secs(60)), Err(true));
    }

    #[test]
    fn of_very_many_tokens_those_that_end_last_are_good() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        let mut issue = |token: &str, ttl: &str| {
            let headers = headers(&[("x-aws-ec2-metadata-token-ttl-seconds", ttl)]);
            tokens.issue(&headers, token.to_owned(), now).expect("a token");
        };
        issue("short", "60");
        issue("long", "21600");
        for number in 0..MOST {
            issue(&number.to_string(), "600");
        }
        assert_eq!((tokens.ends.len(), tokens.order.len()), (MOST, MOST));
        assert_eq!(tokens.check(&headers(&[(TOKEN_HEADER, "short")]), now), Err(true));
        assert_eq!(tokens.check(&headers(&[(TOKEN_HEADER, "long")]), now), Ok(21_600));
        let later = now + Duration::from_secs(601);
        let ask = headers(&[("x-aws-ec2-metadata-token-ttl-seconds", "60")]);
        tokens.issue(&ask, "next".into(), later).expect("a token");
        assert_eq!((tokens.ends.len(), tokens.order.len()), (2, 2), "what is over is forgotten");
    }

    #[test]
    fn no_token_and_a_wrong_token_are_refused() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        tokens
            .issue(&headers(&[("x-aws-ec2-metadata-token-ttl-seconds", "60")]), "secret".into(), now)
            .expect("a token");
        assert_eq!(tokens.check(&headers(&[]), now), Err(false));
        assert_eq!(tokens.check(&headers(&[(TOKEN_HEADER, "guess")]), now), Err(true));
        tokens.forget();
        assert_eq!(tokens.check(&headers(&[(TOKEN_HEADER, "secret")]), now), Err(true));
    }

    #[test]
    fn the_lifetime_must_be_given_and_within_the_limits() {
        for (ttl, expected) in [
            ("0", Err(400)),
            ("21601", Err(400)),
            ("soon", Err(400)),
            ("+60", Err(400)),
            ("", Err(400)),
            (" 60 ", Ok(60)),
            ("21600", Ok(21_600)),
        ] {
            let got = Tokens::default().issue(
                &headers(&[("x-aws-ec2-metadata-token-ttl-seconds", ttl)]),
                "t".into(),
                Instant::now(),
            );
            assert_eq!(got.map(|(_, ttl)| ttl), expected, "{ttl}");
        }
        assert_eq!(Tokens::default().issue(&headers(&[]), "t".into(), Instant::now()), Err(400));
    }

    #[test]
    fn a_forwarded_request_gets_no_token() {
        let forwarded =
            headers(&[("x-aws-ec2-metadata-token-ttl-seconds", "60"), ("X-Forwarded-For", "10.0.0.1")]);
        assert_eq!(Tokens::default().issue(&forwarded, "t".into(), Instant::now()), Err(403));
    }
}
