// The new API: a credential as @azure/identity has it, here with the certificate's file.
// Prints one JSON object a line, for `cargo xtask demo`.

const { authority, tenant, clientId, resource, pemFile } = JSON.parse(process.argv[2]);
const tell = (entry) => console.log(JSON.stringify(entry));

const loading = performance.now();
const { ClientCertificateCredential } = await import("certgrant");
tell({ time: "library loaded", ms: performance.now() - loading });

const credential = new ClientCertificateCredential(
  tenant,
  clientId,
  { certificatePath: pemFile },
  { authorityHost: authority },
);

async function getToken() {
  const started = performance.now();
  const { token } = await credential.getToken(`${resource}/.default`);
  return { token, ms: performance.now() - started };
}

const first = await getToken();
tell({ time: "token", ms: first.ms });
tell({ token: first.token });
const again = await getToken();
tell({ time: "from the cache", ms: again.ms });
