// Talks to the workspace: acts, looks, and the stream of changes.

export async function act(name, body) {
  const answer = await fetch(`/lab/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.json();
}

export async function look(name, query = {}) {
  const answer = await fetch(`/lab/${name}?${new URLSearchParams(query)}`);
  return answer.json();
}

export function follow(user, after, heard, linked) {
  const stream = new EventSource(`/lab/stream?${new URLSearchParams({ as: user, after })}`);
  stream.onmessage = (event) => heard(JSON.parse(event.data));
  stream.onopen = () => linked(true);
  stream.onerror = () => linked(false);
  return stream;
}
