//! By what an application proves who it is, as far as that is the host's business.

use core::fmt;

use certgrant_core::{ErrorCode, SecretString};

use crate::answer::answer_of;
use crate::certificate::Certificates;
use crate::error::{BoxError, Error, Result};
use crate::transport::BoxFuture;

/// What the steps of a flight need.
#[derive(Debug)]
pub(crate) enum Proof {
    /// Nothing that core does not have: a secret.
    InCore,
    /// The place of this machine, which is core's business, too.
    Machine,
    /// Assertions of somebody else's.
    Assertion(Box<dyn AssertionSource>),
    /// A certificate that may be renewed.
    Certificate(Certificates),
}

impl Proof {
    pub(crate) async fn assertion(&self, audience: String) -> Result<SecretString> {
        let Self::Assertion(source) = self else {
            return Err(Error::internal("an assertion that is asked of a credential without any"));
        };
        source.assertion(audience).await.map_err(|error| match error.downcast::<Error>() {
            Ok(error) => *error,
            Err(error) => {
                Error::new(ErrorCode::SigningFailed, "an error of the assertion's source", "an assertion")
                    .caused_by(Some(error.into()), None)
            }
        })
    }
}

/// Gives assertions that were made elsewhere.
pub(crate) trait AssertionSource: fmt::Debug + Send + Sync {
    fn assertion(&self, audience: String) -> BoxFuture<'_, Result<SecretString, BoxError>>;
}

/// A function of the caller's.
pub(crate) struct AssertionFn<F>(pub(crate) F);

impl<F> fmt::Debug for AssertionFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AssertionFn")
    }
}

impl<F, A> AssertionSource for AssertionFn<F>
where
    F: Fn(String) -> A + Send + Sync,
    A: Future<Output = Result<String, BoxError>> + Send + 'static,
{
    fn assertion(&self, audience: String) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        let assertion = (self.0)(audience);
        let silent = |found| Error::new(ErrorCode::SigningFailed, found, "an assertion").into();
        Box::pin(answer_of("the assertion's source", async { Ok(assertion.await?.into()) }, silent))
    }
}
