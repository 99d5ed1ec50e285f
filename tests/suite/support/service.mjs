// A token service that answers from a script: a `fetch` that records what it is asked.

/**
 * A `fetch` that gives `answers` in turn; the last one again and again. An answer is a `Response`, an error to fail
 * with, or a function of the recorded request.
 */
export function scriptedFetch(...answers) {
  const requests = [];
  const fetch = async (url, init) => {
    const request = {
      url,
      method: init.method,
      headers: new Headers(init.headers),
      body: init.body,
      form: new URLSearchParams(init.body),
      redirect: init.redirect,
      signal: init.signal,
    };
    requests.push(request);
    let answer = answers[Math.min(requests.length, answers.length) - 1];
    if (typeof answer === "function") answer = await answer(request);
    if (answer instanceof Error) throw answer;
    return answer.clone();
  };
  fetch.requests = requests;
  return fetch;
}

/** An answer with a JSON body. */
export function json(body, { status = 200, headers = {} } = {}) {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
  });
}

/** A token response of a v2 endpoint. */
export function granted(token = "token-1", members = {}) {
  return json({ token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599, access_token: token, ...members });
}

/** A token response of a v1 endpoint, numbers as strings. */
export function grantedV1(token = "token-1", members = {}) {
  return json({
    token_type: "Bearer",
    expires_in: "3599",
    ext_expires_in: "3599",
    expires_on: "1388452167",
    not_before: "1388448267",
    resource: "https://graph.microsoft.com",
    access_token: token,
    ...members,
  });
}

/** A refusal, as Entra writes it. */
export function refused(members = {}, status = 401) {
  return json({ ...REFUSAL, ...members }, { status, headers: { "x-ms-request-id": "request-1" } });
}

export const REFUSAL = {
  error: "invalid_client",
  error_description:
    "AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on application." +
    " Trace ID: 99999999-0000-0000-0000-000000000001 Correlation ID: 99999999-0000-0000-0000-000000000002" +
    " Timestamp: 2026-01-31 12:00:00Z",
  error_codes: [700027],
  timestamp: "2026-01-31 12:00:00Z",
  trace_id: "99999999-0000-0000-0000-000000000001",
  correlation_id: "99999999-0000-0000-0000-000000000002",
  error_uri: "https://login.microsoftonline.com/error?code=700027",
};

/** A gate for answers that come when the test wants them. */
export function gate() {
  let open;
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Lets timers, IO and promises run until `condition` holds; fails after many turns instead of hanging. */
export async function until(condition, what = "the condition") {
  for (let turn = 0; turn < 100_000; turn++) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`${what} did not come about`);
}
