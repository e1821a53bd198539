//! The addresses of IMDS, and which of them to ask.
//!
//! An instance may have IMDS at its IPv4 address, its IPv6 address, or both; nothing on the instance says which. So the
//! one that answered last is asked, and another only in a look in which that one is silent: does not exist, refuses, or lets
//! us wait. Whatever else comes from it, a refusal or an error as well, is its answer, and the other is not asked for a
//! better one: a look never mixes what two addresses say.

use std::str::FromStr;

/// Where IMDS is: a plain `http` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    text: String,
    host: String,
}

impl FromStr for Endpoint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not an http address";
        let uri: http::Uri = text.parse().map_err(|_| WRONG)?;
        match uri.host() {
            Some(host) if uri.scheme_str() == Some("http") && !host.is_empty() => {
                Ok(Endpoint { text: text.to_owned(), host: host.to_owned() })
            }
            Some(_) | None => Err(WRONG),
        }
    }
}

impl Endpoint {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address of something there; `path` begins with a slash.
    pub(crate) fn with_path(&self, path: &str) -> String {
        format!("{}{path}", self.text.trim_end_matches('/'))
    }
}

/// The Internet protocol by which to reach IMDS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// At `169.254.169.254` alone.
    Ipv4,
    /// At `fd00:ec2::254` alone.
    Ipv6,
}

impl Mode {
    /// The address, the same on every instance.
    fn endpoint(self) -> Endpoint {
        let (text, host) = match self {
            Mode::Ipv4 => ("http://169.254.169.254", "169.254.169.254"),
            Mode::Ipv6 => ("http://[fd00:ec2::254]", "[fd00:ec2::254]"),
        };
        Endpoint { text: text.to_owned(), host: host.to_owned() }
    }
}

/// What one address did in a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<T> {
    /// It answered, and this came of it.
    Answer(T),
    /// Nothing came from it; the text says what happened instead.
    Silence(String),
}

/// All addresses that IMDS may have, and the one that answered last. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    first: Endpoint,
    /// Those to ask where the first is silent, in this order.
    others: Vec<Endpoint>,
}

impl Addresses {
    /// The addresses that were configured, in their order, or else the one of `mode`, or else both of AWS.
    pub fn new(configured: Vec<Endpoint>, mode: Option<Mode>) -> Self {
        let mut all = configured.into_iter();
        match (all.next(), mode) {
            (Some(first), _) => Addresses { first, others: all.collect() },
            (None, Some(mode)) => Addresses { first: mode.endpoint(), others: Vec::new() },
            (None, None) => Addresses { first: Mode::Ipv4.endpoint(), others: vec![Mode::Ipv6.endpoint()] },
        }
    }

    /// The one that answered last; before any answer the first.
    pub fn current(&self) -> &Endpoint {
        &self.first
    }

    /// Begins a look.
    pub fn round(&mut self) -> Round<'_> {
        Round { addresses: self, silent: Vec::new() }
    }
}

/// One look: asks one address after the other until one answers.
#[derive(Debug)]
pub struct Round<'a> {
    addresses: &'a mut Addresses,
    /// What those asked so far did instead of answering.
    silent: Vec<String>,
}

impl Round<'_> {
    /// The address to ask next; `None`: all were silent.
    pub fn next(&self) -> Option<&Endpoint> {
        match self.silent.len() {
            0 => Some(&self.addresses.first),
            asked => self.addresses.others.get(asked - 1),
        }
    }

    /// Takes in what the [next](Self::next) address did. An answer ends the look, and from now on that address is asked first.
    pub fn replied<T>(&mut self, reply: Reply<T>) -> Option<T> {
        match reply {
            Reply::Answer(answer) => {
                let Addresses { first, others } = &mut *self.addresses;
                if let Some(other) = self.silent.len().checked_sub(1).and_then(|at| others.get_mut(at)) {
                    std::mem::swap(first, other);
                }
                Some(answer)
            }
            Reply::Silence(problem) => {
                self.silent.push(problem);
                None
            }
        }
    }

    /// What to say where all were silent: what each did.
    pub fn silence(&self) -> String {
        let Addresses { first, others } = &*self.addresses;
        if let ([problem], []) = (self.silent.as_slice(), others.as_slice()) {
            return problem.clone();
        }
        let all = [first].into_iter().chain(others).zip(&self.silent);
        all.map(|(at, problem)| format!("{}: {problem}", at.host)).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::Reply::{Answer, Silence};
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        text.parse().unwrap()
    }

    fn hosts(addresses: &Addresses) -> Vec<&str> {
        [&addresses.first].into_iter().chain(&addresses.others).map(|one| one.host.as_str()).collect()
    }

    /// One look at addresses that reply as told; who was asked, and what came of it.
    fn look(
        addresses: &mut Addresses,
        four: &Reply<&'static str>,
        six: &Reply<&'static str>,
    ) -> (String, Result<&'static str, String>) {
        let (mut asked, mut round) = (String::new(), addresses.round());
        while let Some(at) = round.next() {
            let (letter, reply) = if at.host == "[fd00:ec2::254]" { ('6', six) } else { ('4', four) };
            asked.push(letter);
            if let Some(answer) = round.replied(reply.clone()) {
                return (asked, Ok(answer));
            }
        }
        (asked, Err(round.silence()))
    }

    #[test]
    fn an_address_is_a_plain_http_one() {
        assert_eq!(endpoint("http://127.0.0.1:1338").as_str(), "http://127.0.0.1:1338");
        assert_eq!(endpoint("http://[fd00:ec2::254]").host, "[fd00:ec2::254]");
        for wrong in ["", "127.0.0.1:80", "https://169.254.169.254", "http://", "nonsense here"] {
            assert!(wrong.parse::<Endpoint>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn without_configuration_both_of_aws_are_there_and_what_is_configured_stands_alone() {
        let (four, six) = ("169.254.169.254", "[fd00:ec2::254]");
        assert_eq!(hosts(&Addresses::new(Vec::new(), None)), [four, six]);
        assert_eq!(hosts(&Addresses::new(Vec::new(), Some(Mode::Ipv4))), [four]);
        assert_eq!(hosts(&Addresses::new(Vec::new(), Some(Mode::Ipv6))), [six]);
        let own = || vec![endpoint("http://[::1]:80"), endpoint("http://127.0.0.1")];
        assert_eq!(hosts(&Addresses::new(own(), None)), ["[::1]", "127.0.0.1"]);
        assert_eq!(hosts(&Addresses::new(own(), Some(Mode::Ipv6))), ["[::1]", "127.0.0.1"]);
    }

    #[test]
    fn the_addresses_of_aws_are_addresses() {
        for mode in [Mode::Ipv4, Mode::Ipv6] {
            assert_eq!(Ok(mode.endpoint()), mode.endpoint().as_str().parse());
        }
    }

    #[test]
    fn the_one_that_answered_last_is_asked_first_and_alone_until_it_is_silent() {
        let mut addresses = Addresses::new(Vec::new(), None);
        let none = || Silence("no route".into());
        // What each would reply; who is asked in which order; who is asked first from now on.
        let story = [
            (Answer("Warmed:Stopped"), Answer("other"), "4", Ok("Warmed:Stopped"), "169.254.169.254"),
            // A refusal is an answer as well, and nobody's word covers it.
            (Answer("HTTP 401"), Answer("InService"), "4", Ok("HTTP 401"), "169.254.169.254"),
            (none(), Answer("InService"), "46", Ok("InService"), "[fd00:ec2::254]"),
            (Answer("other"), Answer("InService"), "6", Ok("InService"), "[fd00:ec2::254]"),
            (none(), Answer("HTTP 503"), "6", Ok("HTTP 503"), "[fd00:ec2::254]"),
            (
                none(),
                none(),
                "64",
                Err("[fd00:ec2::254]: no route; 169.254.169.254: no route"),
                "[fd00:ec2::254]",
            ),
            (Answer("Terminated"), none(), "64", Ok("Terminated"), "169.254.169.254"),
            (
                none(),
                none(),
                "46",
                Err("169.254.169.254: no route; [fd00:ec2::254]: no route"),
                "169.254.169.254",
            ),
        ];
        for (number, (four, six, asked, result, first)) in story.into_iter().enumerate() {
            let (were_asked, came) = look(&mut addresses, &four, &six);
            assert_eq!(were_asked, asked, "look {number}");
            assert_eq!(came, result.map_err(str::to_owned), "look {number}");
            assert_eq!(addresses.current().host, first, "look {number}");
        }
    }

    #[test]
    fn of_a_single_address_only_the_problem_is_told() {
        let mut addresses = Addresses::new(Vec::new(), Some(Mode::Ipv4));
        let (asked, came) = look(&mut addresses, &Silence("refused".into()), &Answer("InService"));
        assert_eq!((asked, came), ("4".to_owned(), Err("refused".into())));
    }
}
