// Shows the modal on top of the stack, its errors, and sends or closes it.

import { blocks } from "./blocks.js";
import { act } from "./client.js";
import { h, note, show } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { store } from "./store.js";
import { sentence, surface } from "./using.js";

const entered = new Map();
const frame = () => document.getElementById("modal");

function valuesOf(view) {
  const before = entered.get(view.id) ?? {};
  const kept = {};
  for (const block of view.blocks) {
    const element = block.element ?? block.accessory;
    const ids = element ? [element.action_id] : (block.elements ?? []).map((each) => each.action_id);
    for (const id of ids) if (before[block.block_id]?.[id] !== undefined) (kept[block.block_id] ??= {})[id] = before[block.block_id][id];
  }
  entered.set(view.id, kept);
  return kept;
}

async function submit(event, view, values) {
  event.preventDefault();
  const button = frame().querySelector(".submit");
  button.setAttribute("aria-busy", "true");
  const answer = await act("submit_view", { user: store.state.you, view_id: view.id, values });
  button.removeAttribute("aria-busy");
  if (!answer.ok && answer.error !== "invalid_input") {
    frame().querySelector(".dialog-failure").textContent = `We had some trouble connecting. ${sentence(answer)}`;
  }
}

async function close(view) {
  const answer = await act("close_view", { user: store.state.you, view_id: view.id });
  if (!answer.ok) note(sentence(answer));
}

export function drawModal() {
  const stack = store.state.views;
  const view = stack.at(-1);
  if (!view) {
    if (frame().open) frame().close();
    return;
  }
  const values = valuesOf(view);
  const own = surface("modal", { view_id: view.id }, values, view.errors);
  const focused = document.activeElement?.id;
  show(
    frame(),
    h(
      "form",
      { method: "dialog", novalidate: true, onsubmit: (event) => submit(event, view, values) },
      h(
        "div",
        { class: "dialog-head" },
        stack.length > 1 ? h("small", {}, `Step ${stack.length} on top of “${stack.at(-2).title.text}”`) : null,
        h("h2", { id: "modal-title" }, withEmoji(view.title.text)),
        h("button", { type: "button", class: "tool", "aria-label": "Close this window", onclick: () => close(view) }, "✕"),
      ),
      h("div", { class: "dialog-body" }, blocks(view.blocks, own)),
      h("p", { class: "dialog-failure error", role: "alert" }),
      h(
        "div",
        { class: "dialog-foot" },
        h("button", { type: "button", class: "button", onclick: () => close(view) }, view.close?.text ?? (stack.length > 1 ? "Back" : "Cancel")),
        view.submit && h("button", { type: "submit", class: "button primary submit" }, withEmoji(view.submit.text)),
      ),
    ),
  );
  frame().oncancel = (event) => {
    event.preventDefault();
    close(view);
  };
  if (!frame().open) frame().showModal();
  const again = focused && document.getElementById(focused);
  (frame().querySelector("[aria-invalid]") ?? again ?? frame().querySelector("[autofocus], .dialog-body input, .dialog-body textarea, .dialog-body select, .submit"))?.focus();
}

export function modalChanged(kind, view) {
  const stack = store.state.views;
  const index = stack.findIndex((each) => each.id === view.id);
  if (kind === "view_closed") store.state.views = stack.filter((each) => each.id !== view.id);
  else if (index >= 0) stack[index] = view;
  else if (kind !== "view_updated") store.state.views = [...stack, view];
  drawModal();
}
