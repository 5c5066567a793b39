(root => {
  // one page may hold several of these: everything is looked for within the root
  const steps = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const parts = new Map([...root.querySelectorAll(".picture .node, .picture .edge")].map(part => [part.dataset.part, part]));
  const NO_GRADIENT = "\u00a0\u00a0–";  // a 0 would say that it is known
  const texts = (name, kind) => [...(parts.get(name)?.querySelectorAll(`.${kind}`) ?? [])];
  const by = kind => root.querySelector(`.${kind}`);
  const items = [...root.querySelectorAll("li")];
  const slider = by("slider");
  let at = 0;

  // numbers that change keep their right edge
  for (const text of root.querySelectorAll(".picture .node .tg-gradient")) {
    const box = text.getBBox();
    text.setAttribute("x", box.x + box.width);
    text.setAttribute("text-anchor", "end");
  }

  // the step in which each computed node is computed
  const computed = new Map(), last = steps.length - 1;
  steps.forEach((step, k) => { if (step.phase === "forward") computed.set(step.parts[0], k); });

  // a large picture is scrolled, and the page stays where it is
  function reveal(part) {
    const frame = by("picture"), seen = frame.getBoundingClientRect(), place = part?.getBoundingClientRect();
    if (!place) return;
    if (place.left < seen.left || place.right > seen.right)
      frame.scrollLeft += (place.left + place.right - seen.left - seen.right) / 2;
    if (place.top < seen.top || place.bottom > seen.bottom)
      frame.scrollTop += (place.top + place.bottom - seen.top - seen.bottom) / 2;
  }

  function show(k) {
    at = Math.max(0, Math.min(last, k));
    for (const [name, part] of parts) {
      part.classList.remove("now", "from");
      part.classList.toggle("later", (computed.get(name) ?? -1) > at);
      part.classList.add("unknown");
      if (part.classList.contains("node"))
        for (const text of part.querySelectorAll(".tg-gradient")) text.textContent = NO_GRADIENT;
      for (const text of part.querySelectorAll(".tg-new")) text.classList.remove("tg-new");
    }
    for (const step of steps.slice(0, at + 1)) {  // gradients add up from step to step
      if (step.gradient) {
        parts.get(step.parts[0])?.classList.remove("unknown");
        texts(step.parts[0], "tg-gradient").forEach((text, i) => { text.textContent = step.gradient[i] ?? ""; });
      }
      if (step.arrow) parts.get(step.arrow)?.classList.remove("unknown");
    }
    const step = steps[at];
    step.parts.forEach((name, i) => parts.get(name)?.classList.add(i === 0 || step.phase === "start" || step.phase === "end"
      ? "now" : "from"));
    if (step.arrow) parts.get(step.arrow)?.classList.add("now");
    for (const text of texts(step.parts[0], step.phase === "forward" ? "tg-value" : "tg-gradient"))
      text.classList.add("tg-new");
    reveal(parts.get(step.parts[0]));
    by("title").textContent = step.title;
    by("formula").textContent = step.formula;
    by("sentence").textContent = step.sentence;
    by("count").textContent = `${at + 1} of ${steps.length}`;
    slider.value = at;
    slider.setAttribute("aria-valuetext", `step ${at + 1}: ${step.title}`);
    items.forEach((item, i) => i === at ? item.setAttribute("aria-current", "step") : item.removeAttribute("aria-current"));
    by("first").disabled = by("back").disabled = at === 0;
    by("next").disabled = by("last").disabled = at === last;
  }

  by("first").onclick = () => show(0);
  by("back").onclick = () => show(at - 1);
  by("next").onclick = () => show(at + 1);
  by("last").onclick = () => show(last);
  slider.oninput = () => show(Number(slider.value));
  items.forEach((item, i) => item.querySelector("a").onclick = event => { event.preventDefault(); show(i); });

  const keys = {ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1, Home: -Infinity,
                End: Infinity};
  function press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.key in keys)) return;
    if (event.key === " " && event.target.closest("button, summary, a")) return;  // it presses what has the focus
    if (event.target === slider && event.key !== " ") return;  // it moves by itself
    event.preventDefault();
    show(at + (event.key === " " && event.shiftKey ? -1 : keys[event.key]));
  }
  // a page of its own listens everywhere; one output of a notebook only while it has the focus
  (root.hasAttribute("data-page") ? document : root).addEventListener("keydown", press);

  root.classList.add("scripted");
  root.querySelector("details").open = false;
  show(0);
})(document.getElementById("$ROOT"));
