// What the page knows: who acts, where they are, and the names behind the ids.

export const store = {
  state: null,
  place: null,
  thread: null,
  messages: new Map(),
  threadMessages: new Map(),
  unread: new Set(),
  textOnly: false,
  failures: new Map(),
  stream: null,
};

export function userName(id) {
  if (id === "USLACKBOT") return "Lab workspace";
  if (id === store.state.bot.id) return store.state.bot.name;
  return store.state.users.find((user) => user.id === id)?.real_name ?? id;
}

export function handle(id) {
  if (id === store.state.bot.id) return store.state.bot.name;
  return store.state.users.find((user) => user.id === id)?.name ?? id;
}

export function groupHandle(id) {
  return store.state.groups.find((group) => group.id === id)?.handle ?? id;
}

export function channelName(id) {
  return store.state.all_channels.find((channel) => channel.id === id)?.name ?? id;
}

export function isBot(id) {
  return id === store.state.bot.id || id === "USLACKBOT";
}
