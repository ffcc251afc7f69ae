// Times as people read them, and Slack's date tokens.

const twoDigits = (value) => String(value).padStart(2, "0");

function sameDay(one, other) {
  return one.toDateString() === other.toDateString();
}

function pretty(date, plain) {
  const day = new Date();
  if (sameDay(date, day)) return "today";
  day.setDate(day.getDate() - 1);
  if (sameDay(date, day)) return "yesterday";
  day.setDate(day.getDate() + 2);
  return sameDay(date, day) ? "tomorrow" : plain;
}

function ago(date) {
  const seconds = Math.round((Date.now() - date.getTime()) / 1000);
  const past = Math.abs(seconds);
  const [count, unit] =
    past < 60 ? [past, "second"] : past < 3600 ? [past / 60, "minute"] : past < 86400 ? [past / 3600, "hour"] : [past / 86400, "day"];
  return new Intl.RelativeTimeFormat("en").format(-Math.sign(seconds) * Math.round(count), unit);
}

export function clock(ts) {
  return new Date(parseFloat(ts) * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

export function fullTime(ts) {
  return new Date(parseFloat(ts) * 1000).toLocaleString("en-GB", { dateStyle: "full", timeStyle: "medium" });
}

export function dateToken(seconds, format) {
  const date = new Date(seconds * 1000);
  const say = (options) => date.toLocaleDateString("en-US", options);
  const long = say({ weekday: "long", year: "numeric", month: "long", day: "numeric" });
  const plain = say({ year: "numeric", month: "long", day: "numeric" });
  const short = say({ year: "numeric", month: "short", day: "numeric" });
  const known = {
    date_num: `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`,
    date_slash: say({}),
    date: plain,
    date_short: short,
    date_long: long,
    date_pretty: pretty(date, plain),
    date_short_pretty: pretty(date, short),
    date_long_pretty: pretty(date, long),
    time: date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }),
    time_secs: date.toLocaleTimeString("en-GB"),
    ago: ago(date),
  };
  return format.replace(/\{(\w+)\}/g, (whole, name) => known[name] ?? whole);
}
