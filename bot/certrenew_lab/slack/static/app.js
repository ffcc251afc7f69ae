// Starts the page and applies every change of the workspace to it.

import { act, follow, look } from "./client.js";
import { note } from "./dom.js";
import { drawModal, modalChanged } from "./modal.js";
import { belongsHere, belongsInThread, drawHome, drawPlace, drawThread, dropRow, patchPlace, patchThread } from "./place.js";
import { drawSidebar } from "./sidebar.js";
import { store } from "./store.js";

const actions = { go, become, openThread, toggleText };

function byTs(messages) {
  return new Map(messages.map((message) => [message.ts, message]));
}

async function become(user) {
  store.stream?.close();
  store.state = await look("state", { as: user });
  store.thread = null;
  const known = [...store.state.channels.map((channel) => channel.id), store.state.direct, "home"];
  if (!known.includes(store.place)) store.place = store.state.channels[0]?.id ?? store.state.direct;
  let lost = false;
  store.stream = follow(store.state.you, store.state.last, heard, (linked) => {
    if (!linked && !lost) note("The connection to the workspace was lost; trying again.");
    lost = !linked;
  });
  await go(store.place);
  drawModal();
}

async function go(place) {
  if (place !== store.place) store.thread = null;
  store.place = place;
  store.unread.delete(place);
  location.hash = new URLSearchParams({ as: store.state.you, in: place });
  document.title = `${store.state.team} — lab workspace`;
  drawSidebar(actions);
  if (place === "home") {
    drawHome();
    drawThread(actions);
    await act("open_home", { user: store.state.you });
    return;
  }
  store.messages = byTs(await look("messages", { channel: place, as: store.state.you }));
  drawPlace(actions);
  drawThread(actions);
}

async function openThread(ts) {
  store.thread = ts;
  if (ts) store.threadMessages = byTs(await look("messages", { channel: store.place, thread_ts: ts, as: store.state.you }));
  drawThread(actions);
  document.querySelector("#thread:not([hidden]) textarea")?.focus();
}

function toggleText(on) {
  store.textOnly = on;
  if (store.place !== "home") drawPlace(actions);
  drawThread(actions);
}

function messageHeard(kind, message) {
  if (kind === "message_changed") store.failures.delete(message.ts);
  if (kind === "message_deleted") {
    store.messages.delete(message.ts);
    store.threadMessages.delete(message.ts);
    dropRow(message.ts);
    return;
  }
  if (belongsHere(message)) {
    store.messages.set(message.ts, message);
    patchPlace(message, actions);
  } else if (kind === "message" && message.channel !== store.place) {
    store.unread.add(message.channel === store.state.direct ? store.state.direct : message.channel);
    drawSidebar(actions);
  }
  if (belongsInThread(message)) {
    store.threadMessages.set(message.ts, message);
    patchThread(message);
  }
}

function failureHeard(change) {
  if (!change.ts) return;
  store.failures.set(change.ts, change.error.replace("_", " "));
  const message = store.messages.get(change.ts) ?? store.threadMessages.get(change.ts);
  if (message) messageHeard("message_failed", message);
}

function mine(message) {
  return message.channel === store.state.direct || store.state.channels.some((channel) => channel.id === message.channel);
}

async function heard(change) {
  const { kind } = change;
  if (kind === "restarted") location.reload();
  else if (kind.startsWith("message")) {
    if (mine(change.message)) messageHeard(kind, change.message);
  } else if (kind.startsWith("view_") && change.view.type === "home") {
    store.state.home = change.view;
    if (store.place === "home") drawHome();
  } else if (kind.startsWith("view_")) {
    modalChanged(kind, change.view);
  } else if (kind === "failure") {
    failureHeard(change);
  } else if (kind === "connections") {
    store.state.connections = change.count;
    drawSidebar(actions);
  } else if (kind === "channel_changed") {
    await become(store.state.you);
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && store.thread && !document.querySelector("dialog[open]")) openThread(null);
});

const wanted = new URLSearchParams(location.hash.slice(1));
const linked = /^\/archives\/(\w+)\/p(\d+)(\d{6})$/.exec(location.pathname);
store.place = linked?.[1] ?? wanted.get("in");
await become(wanted.get("as") ?? "");
const thread = new URLSearchParams(location.search).get("thread_ts") ?? wanted.get("thread");
if (thread) await openThread(thread);
