//! The key pair with which the API server signs the tokens of service accounts.

use std::fs;
use std::path::Path;

use anyhow::Context;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use k8s_openapi::ByteString;

/// Writes a new key pair as PEM files.
pub(super) fn write(private: &Path, public: &Path) -> anyhow::Result<()> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).context("generating a key")?;
    let private_der = pair.to_pkcs8v1().context("encoding the private key")?;
    let public_der = pair.public_key().as_der().context("encoding the public key")?;
    fs::write(private, pem("PRIVATE KEY", private_der.as_ref())?).context("writing the private key")?;
    fs::write(public, pem("PUBLIC KEY", public_der.as_ref())?).context("writing the public key")
}

fn pem(label: &str, der: &[u8]) -> anyhow::Result<String> {
    // ByteString is how the Kubernetes API writes bytes: base64
    let base64 = serde_json::to_value(ByteString(der.to_vec()))?;
    let base64 = base64.as_str().context("base64 is text")?;
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap_or_default()).collect();
    Ok(format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")))
}
