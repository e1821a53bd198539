//! Base64 as bytes travel in JSON.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, at| (bits << 8) | usize::from(*chunk.get(at).unwrap_or(&0)));
        for digit in 0..4 {
            let is_padding = digit > chunk.len();
            text.push(if is_padding { '=' } else { char::from(DIGITS[(bits >> (18 - 6 * digit)) & 63]) });
        }
    }
    text
}

/// None if it is not base64 with its padding.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let kept = chunk.iter().position(|byte| *byte == b'=').unwrap_or(chunk.len());
        let mut bits = 0_u32;
        for byte in &chunk[..kept] {
            let digit = DIGITS.iter().position(|digit| digit == byte)?;
            bits = (bits << 6) | u32::try_from(digit).ok()?;
        }
        let bits = bits << (6 * (4 - u32::try_from(kept).ok()?));
        bytes.extend(bits.to_be_bytes().iter().skip(1).take(kept.saturating_sub(1)));
    }
    // What does not come back as it was is no base64.
    (encode(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648_hold() {
        for (plain, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(plain.as_bytes()));
        }
        for strange in ["Z", "Zg", "Zg=", "Zg==Zg==", "Zh==", "=", "====", "Zm9v!"] {
            assert_eq!(decode(strange), None, "{strange}");
        }
    }

    proptest! {
        #[test]
        fn bytes_come_back_and_text_is_read_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..40), text in "\\PC{0,12}"
        ) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
            decode(&text);
        }
    }
}
