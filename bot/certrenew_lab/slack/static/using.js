// Sends the use of an element: the confirm dialog first, a waiting mark meanwhile, a note when it failed.

import { act } from "./client.js";
import { h, note, show } from "./dom.js";
import { textObject } from "./mrkdwn.js";
import { store } from "./store.js";

const SENTENCES = {
  operation_timeout: "The app did not answer in three seconds.",
  dispatch_failed: "The app is not connected.",
  element_not_found: "That button is no longer there.",
  message_not_found: "That message is no longer there.",
};

export function sentence(answer) {
  return SENTENCES[answer.error] ?? answer.sentence ?? `The app’s answer was refused (${answer.error}).`;
}

export function confirmed(dialog) {
  if (!dialog) return Promise.resolve(true);
  const frame = document.getElementById("confirm");
  const close = (value) => frame.close(value);
  show(
    frame,
    h("h2", { id: "confirm-title" }, dialog.title?.text ?? "Are you sure?"),
    h("div", { class: "dialog-body" }, textObject(dialog.text)),
    h(
      "div",
      { class: "dialog-foot" },
      h("button", { type: "button", class: "button", onclick: () => close("no") }, dialog.deny?.text ?? "Cancel"),
      h(
        "button",
        { type: "button", class: `button ${dialog.style ?? "primary"}`, onclick: () => close("yes") },
        dialog.confirm?.text ?? "Yes",
      ),
    ),
  );
  frame.returnValue = "no";
  frame.showModal();
  return new Promise((resolve) => frame.addEventListener("close", () => resolve(frame.returnValue === "yes"), { once: true }));
}

// A surface acts for one message or view; `target` names it in the control API.
export function surface(kind, target, values, errors = {}) {
  return {
    kind,
    values,
    errors,
    async use(block, element, value, node) {
      if (node.getAttribute("aria-busy") || !(await confirmed(element.confirm))) return;
      node.setAttribute("aria-busy", "true");
      const answer = await act("click", {
        user: store.state.you,
        ...target,
        action_id: element.action_id,
        block_id: block.block_id,
        value,
        state: values,
      });
      node.removeAttribute("aria-busy");
      if (!answer.ok) note(sentence(answer));
    },
    suggest(block, element, value) {
      return act("suggest", { user: store.state.you, ...target, action_id: element.action_id, block_id: block.block_id, value });
    },
  };
}
