/** Calls that `tsc` must refuse: `make lint` fails once it sees one of them no more. */

import { Api } from "../../../service/explorer/static/api.js";
import { h } from "../../../service/explorer/static/dom.js";

// @ts-expect-error A base is an URL.
new Api("explore", async () => null);
// @ts-expect-error No such element.
h("image-of-an-item");
// @ts-expect-error It may be missing.
document.getElementById("main").focus();
// @ts-expect-error A parameter without a type.
export const nothingKnown = (item) => item.title;
