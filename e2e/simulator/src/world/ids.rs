//! Ids that look random, never repeat, and follow from a seed; and addresses.

use std::net::Ipv4Addr;

/// Hands out ids. Every call takes the next number of one counter.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    base: u64,
    next: u64,
    addresses: u32,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Ids { base: scramble(seed), next: 0, addresses: 0 }
    }

    /// `i-` and 17 hex digits; the first is 0 as it mostly is in AWS, the rest are a bijection of the counter.
    pub(crate) fn instance(&mut self) -> String {
        format!("i-0{:016x}", self.number())
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.number(), self.number());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }

    /// A private address, `10.0.0.4` and on: as in a subnet of AWS the lowest and the last of 256 are never used.
    pub(crate) fn address(&mut self) -> Ipv4Addr {
        let (block, host) = (self.addresses / 251, self.addresses % 251 + 4);
        self.addresses += 1;
        let [_, high, low, _] = (block << 8).to_be_bytes();
        Ipv4Addr::new(10, high, low, host.to_be_bytes()[3])
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        scramble(self.base.wrapping_add(self.next))
    }
}

/// The finaliser of `SplitMix64`: a bijection, so distinct numbers stay distinct.
fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_follow_from_the_seed_and_never_repeat() {
        let take = |seed| {
            let mut ids = Ids::new(seed);
            (0..1000).map(|_| ids.instance()).collect::<Vec<_>>()
        };
        assert_eq!(take(7), take(7));
        let all: BTreeSet<_> = take(7).into_iter().chain(take(8)).collect();
        assert_eq!(all.len(), 2000);
        assert!(all.iter().all(|id| id.len() == 19 && id.starts_with("i-0")));
    }

    #[test]
    fn addresses_never_repeat_and_look_like_those_of_a_subnet() {
        let mut ids = Ids::new(1);
        let all: Vec<_> = (0..1000).map(|_| ids.address()).collect();
        assert_eq!(all[0], Ipv4Addr::new(10, 0, 0, 4));
        assert_eq!(all[250], Ipv4Addr::new(10, 0, 0, 254));
        assert_eq!(all[251], Ipv4Addr::new(10, 0, 1, 4));
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 1000);
    }

    #[test]
    fn a_token_is_a_uuid_of_36_characters() {
        let token = Ids::new(1).uuid();
        let lengths: Vec<_> = token.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(token.as_bytes()[14], b'4');
    }
}
