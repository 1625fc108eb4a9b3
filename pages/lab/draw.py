# page: 40 | :material/draw: | Draw
"""Draw a digit and see what a network makes of it, while drawing."""

import streamlit as st

from nnlab.errors import LabError
from nnlab.ui.components import pad
from nnlab.ui.draw import SHIPPED, answerer, readable_runs, reader, sentence_of
from nnlab.ui.text import _
from nnlab.ui.train.shelf import run_store
from nnlab.ui.url import set_query

SIZE = 280

st.title(_("Draw a digit"))
st.markdown(
    _(
        "Draw with the mouse, a finger or the arrow keys. Your strokes are placed the way the training digits "
        "were, and the network answers while you draw."
    )
)

runs = readable_runs(run_store())
asked = st.query_params.get("run", SHIPPED)
try:
    chosen = reader(run_store(), asked)
except LabError as error:
    st.warning(sentence_of(error), icon=":material/link_off:")
    asked = SHIPPED
    chosen = reader(run_store(), asked)

names = {SHIPPED: _("The network that comes with the lab"), **({asked: asked} if asked else {}), **runs}
picked = st.selectbox(
    _("Which network answers"), list(names), index=list(names).index(asked), format_func=lambda run: names[run]
)
if picked != asked:
    chosen = reader(run_store(), picked)
set_query("run", picked or None)
st.caption(chosen.facts)

pad(answerer(chosen.model, SIZE), classes=chosen.model.info.classes, key="pad", size=SIZE)

with st.expander(_("The PyTorch code that does the same"), icon=":material/code:"):
    st.code(chosen.code, language="python")
