"""The lab: `streamlit run app.py`. Pages live in ``pages/<section>/``; see `nnlab.ui.navigation`."""

import streamlit as st

from nnlab.ui.draw.channel import routes
from nnlab.ui.hosting import lifespan
from nnlab.ui.navigation import run_page

app = st.App("nnlab/ui/hosting.py", lifespan=lifespan, routes=routes())

if __name__ == "__main__":
    run_page()
