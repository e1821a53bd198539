//! What each service says to a request that is not signed as it should be.
//!
//! As seen at AWS: the answers to an unsigned request, and those of Auto Scaling. That the others follow the common errors
//! of their protocols is a judgement.

use crate::signature::Flaw;
use crate::sqs::SqsError;
use crate::world::AwsError;

/// Auto Scaling's words.
pub(crate) fn scaling(flaw: Flaw) -> AwsError {
    match flaw {
        Flaw::Missing => {
            AwsError::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        }
        Flaw::Incomplete(why) => AwsError::new(400, "IncompleteSignature", why),
        Flaw::Mismatch(why) => AwsError::new(403, "SignatureDoesNotMatch", why),
    }
}

/// EC2's words, which tell less.
pub(crate) fn ec2(flaw: &Flaw) -> AwsError {
    match flaw {
        Flaw::Missing => {
            let message = "The request must contain the parameter AWSAccessKeyId";
            AwsError::new(400, "MissingParameter", message)
        }
        Flaw::Incomplete(_) | Flaw::Mismatch(_) => {
            let message = "AWS was not able to validate the provided access credentials";
            AwsError::new(401, "AuthFailure", message)
        }
    }
}

/// SQS's words. It lets anybody do without a signature what the policy of a queue allows to everybody; no queue here has a
/// policy.
pub(crate) fn sqs(flaw: Flaw, address: &str) -> SqsError {
    match flaw {
        Flaw::Missing => {
            let message = format!("Access to the resource {address} is denied.");
            SqsError::common(403, "AccessDeniedException", "AccessDenied", message)
        }
        Flaw::Incomplete(why) => {
            SqsError::common(400, "IncompleteSignatureException", "IncompleteSignature", why)
        }
        Flaw::Mismatch(why) => {
            SqsError::common(403, "InvalidSignatureException", "SignatureDoesNotMatch", why)
        }
    }
}
