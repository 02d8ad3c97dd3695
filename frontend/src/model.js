// The diagram of the data model: zoom, pan, take along as SVG.
const frame = document.querySelector(".diagram")
const svg = frame?.querySelector("svg")

if (svg) {
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number)
  let view = { x: 0, y: 0, width, height }
  const show = () => svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`)

  const zoom = (factor, at = { x: 0.5, y: 0.5 }) => {
    const wanted = Math.min(Math.max(view.width * factor, width / 20), width * 3)
    const scale = wanted / view.width
    view.x += view.width * (1 - scale) * at.x
    view.y += view.height * (1 - scale) * at.y
    view.width *= scale
    view.height *= scale
    show()
  }
  const pan = (x, y) => {
    view.x += x
    view.y += y
    show()
  }
  const unit = () => Math.max(view.width / frame.clientWidth, view.height / frame.clientHeight)

  frame.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault()
      const box = frame.getBoundingClientRect()
      zoom(event.deltaY > 0 ? 1.12 : 1 / 1.12, {
        x: (event.clientX - box.left) / box.width,
        y: (event.clientY - box.top) / box.height,
      })
    },
    { passive: false },
  )
  let from
  frame.addEventListener("pointerdown", (event) => {
    if (event.target.closest("a")) return
    from = { x: event.clientX, y: event.clientY }
    frame.setPointerCapture(event.pointerId)
  })
  frame.addEventListener("pointermove", (event) => {
    if (!from) return
    pan((from.x - event.clientX) * unit(), (from.y - event.clientY) * unit())
    from = { x: event.clientX, y: event.clientY }
  })
  frame.addEventListener("pointerup", () => (from = undefined))
  frame.addEventListener("keydown", (event) => {
    const step = view.width / 12
    const acts = {
      ArrowLeft: () => pan(-step, 0),
      ArrowRight: () => pan(step, 0),
      ArrowUp: () => pan(0, -step),
      ArrowDown: () => pan(0, step),
      "+": () => zoom(1 / 1.25),
      "-": () => zoom(1.25),
      0: reset,
    }
    if (acts[event.key]) {
      event.preventDefault()
      acts[event.key]()
    }
  })
  function reset() {
    view = { x: 0, y: 0, width, height }
    show()
  }
  document.querySelector("[data-zoom-in]").addEventListener("click", () => zoom(1 / 1.25))
  document.querySelector("[data-zoom-out]").addEventListener("click", () => zoom(1.25))
  document.querySelector("[data-zoom-reset]").addEventListener("click", reset)
}
