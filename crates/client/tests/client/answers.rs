//! Signers, functions and files that do not answer: what waits for them goes on without them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use certgrant::{
    AccessToken, BoxFuture, CertificateSource, ClientAssertionCredential, Error, KeyVaultCertificate, Result,
    SigningRequest, TokenCredential, TokenOptions,
};
use certgrant_core::Bundle;
use certgrant_signer::AwsLcSigner;
use certgrant_testkit::vectors::assertion_rs256 as vector;
use tokio::time::{Instant, advance, sleep};

use crate::emulator;
use crate::log::{heard, listen};
use crate::support::*;

/// How long an answer is waited for.
const LIMIT: Duration = Duration::from_secs(120);

/// Longer than an assertion is used.
const ASSERTION_AGE: Duration = Duration::from_secs(600);

/// Counts what is asked, of which some is never answered.
#[derive(Clone, Default)]
struct Asked(Arc<AtomicUsize>);

impl Asked {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Answers at once, but never where the number of the question is that one, counted from 1.
    async fn answer_all_but(self, silent: usize) {
        if self.0.fetch_add(1, Ordering::Relaxed) + 1 == silent {
            core::future::pending().await
        }
    }
}

fn signer() -> AwsLcSigner {
    AwsLcSigner::new(&Bundle::from_pem(vector::pem().as_bytes()).expect("a bundle").key).expect("a signer")
}

/// A certificate whose signer is silent when it is asked for that time.
fn source_with_signer(asked: &Asked, silent: usize) -> CertificateSource {
    let asked = asked.clone();
    CertificateSource::bytes(vector::CERTIFICATE_PEM).signer_fn(move |request: SigningRequest| {
        let asked = asked.clone();
        async move {
            asked.answer_all_but(silent).await;
            Ok(signer().sign(&request)?)
        }
    })
}

fn assert_silent(error: &Error, code: &str) {
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(" within 120 seconds"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn signer_that_does_not_answer_is_given_up_and_asked_again() {
    let (service, asked) = (Service::default(), Asked::default());
    let credential = service.credential_with(source_with_signer(&asked, 1));
    credential.open().await.expect("a certificate");
    let started = Instant::now();
    let error = credential.get_token(GRAPH, &plain()).await.expect_err("no signature");
    assert_silent(&error, "ERR_SIGNING_FAILED");
    assert_eq!(started.elapsed(), LIMIT);
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    assert_eq!(asked.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn flights_that_share_a_signature_give_it_up_together() {
    let (service, asked) = (Service::default(), Asked::default());
    let credential = service.credential_with(source_with_signer(&asked, 1));
    credential.open().await.expect("a certificate");
    let options = plain();
    let started = Instant::now();
    let late = async {
        sleep(LIMIT / 2).await;
        credential.get_token(VAULT, &options).await
    };
    let (first, second) = tokio::join!(credential.get_token(GRAPH, &options), late);
    for error in [first.expect_err("no signature"), second.expect_err("no signature")] {
        assert_silent(&error, "ERR_SIGNING_FAILED");
    }
    assert_eq!((started.elapsed(), asked.count()), (LIMIT, 1));
}

#[tokio::test(start_paused = true)]
async fn renewal_whose_assertion_never_comes_does_not_hold_up_those_who_join_it() {
    let (service, asked) = (Service::default(), Asked::default());
    let counter = asked.clone();
    let assertion = move |_| {
        let asked = counter.clone();
        async move {
            asked.answer_all_but(2).await;
            Ok("an.assertion.x".to_owned())
        }
    };
    let credential = ClientAssertionCredential::new(TENANT, CLIENT_ID, assertion, service.options())
        .expect("a credential");
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    advance(Duration::from_secs(3599 - 31)).await;
    credential.get_token(GRAPH, &plain()).await.expect("the token at hand");
    settle().await;
    assert_eq!(asked.count(), 2, "it is renewed behind its caller");
    credential.clear_tokens();
    let started = Instant::now();
    let error = credential.get_token(GRAPH, &plain()).await.expect_err("no assertion");
    assert_silent(&error, "ERR_SIGNING_FAILED");
    assert_eq!(started.elapsed(), LIMIT);
    credential.get_token(GRAPH, &plain()).await.expect("a token");
}

#[tokio::test(start_paused = true)]
async fn certificate_stays_in_use_when_its_supplier_does_not_answer() {
    let (service, asked) = (Service::default(), Asked::default());
    let counter = asked.clone();
    // Asked to open it, and before each assertion.
    let source = CertificateSource::supplier(move || {
        let asked = counter.clone();
        async move {
            let is_successor = asked.count() > 2;
            asked.answer_all_but(3).await;
            let pem = if is_successor { emulator::leaf_pem() } else { vector::pem() };
            Ok(pem.into_bytes())
        }
    });
    let credential = service.credential_with(source);
    credential.get_token(GRAPH, &plain()).await.expect("a token");
    advance(ASSERTION_AGE).await;
    credential.clear_tokens();
    listen();
    let started = Instant::now();
    credential.get_token(GRAPH, &plain()).await.expect("a token by the certificate in use");
    assert_eq!((started.elapsed(), asked.count()), (LIMIT, 3));
    let log = heard();
    assert!(log.contains("the certificate in use stays") && log.contains("ERR_FILE_UNREADABLE"), "{log}");
    listen();
    advance(ASSERTION_AGE).await;
    credential.clear_tokens();
    credential.get_token(GRAPH, &plain()).await.expect("a token by its successor");
    assert!(heard().contains("certificate renewed"));
}

#[tokio::test(start_paused = true)]
async fn certificate_that_is_never_supplied_is_asked_for_again() {
    let (service, asked) = (Service::default(), Asked::default());
    let source = CertificateSource::supplier(move || {
        let asked = asked.clone();
        async move {
            asked.answer_all_but(1).await;
            Ok(vector::pem().into_bytes())
        }
    });
    let credential = service.credential_with(source);
    let error = credential.get_token(GRAPH, &plain()).await.expect_err("no certificate");
    assert_silent(&error, "ERR_FILE_UNREADABLE");
    credential.get_token(GRAPH, &plain()).await.expect("a token");
}

/// A credential that answers when its time is over.
#[derive(Debug)]
struct Slow(Duration);

impl TokenCredential for Slow {
    fn get_token<'a>(
        &'a self,
        scopes: &'a [&'a str],
        options: &'a TokenOptions,
    ) -> BoxFuture<'a, Result<AccessToken>> {
        Box::pin(async move {
            sleep(self.0).await;
            Service::default().secret_credential().get_token(scopes, options).await
        })
    }
}

fn credential_of_vault(service: &Service, may_sign: Slow) -> certgrant::ClientCertificateCredential {
    let vault = KeyVaultCertificate::new("https://contoso.vault.azure.net", "daemon", may_sign);
    service.credential_with(CertificateSource::key_vault(vault))
}

#[tokio::test(start_paused = true)]
async fn vault_is_given_the_time_that_its_retries_take() {
    let service = Service::default();
    let kid = "https://contoso.vault.azure.net/keys/daemon/00000000000000000000000000000001";
    let cer = emulator::base64(vector::CERTIFICATE_PEM);
    let certificate = format!(r#"{{"kid":"{kid}","cer":"{cer}"}}"#);
    let signature = format!(r#"{{"kid":"{kid}","value":"{}"}}"#, "A".repeat(342));
    service.next([
        Does::Answer(200, vec![], certificate),
        Does::retry_after(503, 20),
        Does::retry_after(503, 20),
        Does::Answer(200, vec![], signature),
    ]);
    let credential = credential_of_vault(&service, Slow(Duration::from_secs(40)));
    credential.open().await.expect("a certificate");
    let started = Instant::now();
    let error = credential.get_token(GRAPH, &plain()).await.expect_err("a signature of nobody's");
    assert_eq!((error.code(), service.count()), ("ERR_SIGNATURE_INVALID", 4), "{error}");
    assert_eq!(started.elapsed().as_secs(), 40 + 20 + 20);
}

#[tokio::test(start_paused = true)]
async fn credential_of_a_vault_that_does_not_answer_is_given_up() {
    let service = Service::default();
    let credential = credential_of_vault(&service, Slow(Duration::MAX));
    let error = credential.open().await.expect_err("no token");
    assert_eq!((error.code(), service.count()), ("ERR_VAULT_TOKEN_FAILED", 0));
    let source = std::error::Error::source(&error).expect("its cause").to_string();
    assert!(source.contains("no answer of the vault's credential within 180 seconds"), "{source}");
}

/// Files that nobody writes: whoever reads them waits.
#[cfg(unix)]
mod files {
    use std::fs::File;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use certgrant::{
        ClientCertificateCredential, ManagedIdentityCredential, ManagedIdentityId, WorkloadIdentityCredential,
    };
    use tokio::task::spawn_blocking;

    use super::*;

    fn pipe(path: PathBuf) -> PathBuf {
        let _ = std::fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        path
    }

    fn target(name: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
    }

    /// The error of a credential for which that pipe is read, after the limit.
    async fn error_of(credential: impl TokenCredential + 'static, pipe: &Path) -> Error {
        let call = tokio::spawn(async move { credential.get_token(GRAPH, &plain()).await });
        let path = pipe.to_owned();
        // Opened as soon as somebody reads it.
        let silent = spawn_blocking(move || File::create(path)).await.expect("no panic").expect("a pipe");
        // No timer fires by itself while a thread is at work: a millisecond more than it takes.
        advance(LIMIT + Duration::from_millis(1)).await;
        let error = call.await.expect("no panic").expect_err("no answer");
        // The reader's thread goes on.
        drop(silent);
        error
    }

    #[tokio::test(start_paused = true)]
    async fn file_that_is_never_read_to_its_end_is_given_up() {
        let service = Service::default();
        let path = pipe(target("silent-token"));
        let workload = WorkloadIdentityCredential::new(TENANT, CLIENT_ID, &path, service.options());
        let error = error_of(workload.expect("a credential"), &path).await;
        assert_silent(&error, "ERR_FILE_UNREADABLE");
        assert!(error.is_unavailable(), "a chain goes on as behind a file that is not there");

        let path = pipe(target("silent.pem"));
        let source = CertificateSource::file(&path);
        let credential = ClientCertificateCredential::new(TENANT, CLIENT_ID, source, service.options());
        let error = error_of(credential.expect("a credential"), &path).await;
        assert_silent(&error, "ERR_FILE_UNREADABLE");
        assert!(error.to_string().contains("silent.pem"), "{error}");
        assert_eq!(service.count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn key_of_azure_arc_that_is_never_read_to_its_end_is_given_up() {
        let service = Service::default();
        // The agent's folder below ProgramData: here the name of a file with backslashes in it.
        let data = target("silent-arc").to_str().expect("text").to_owned();
        let path = pipe(format!("{data}\\AzureConnectedMachineAgent\\Tokens\\one.key").into());
        let challenge = vec![("www-authenticate", format!("Basic realm={}", path.display()))];
        service.next([Does::Answer(401, challenge, String::new())]);
        let variable = move |name: &str| match name {
            "IDENTITY_ENDPOINT" => Some("http://127.0.0.1:40342/metadata/identity/oauth2/token".to_owned()),
            "IMDS_ENDPOINT" => Some("http://127.0.0.1:40342".to_owned()),
            "ProgramData" => Some(data.clone()),
            _ => None,
        };
        let id = ManagedIdentityId::SystemAssigned;
        let identity = ManagedIdentityCredential::of_variables(variable, id, service.options());
        let error = error_of(identity.expect("a credential"), &path).await;
        assert_silent(&error, "ERR_IDENTITY_CHALLENGE_INVALID");
    }
}
