"""The lab: `streamlit run app.py`. Pages live in ``pages/<section>/``; see `nnlab.ui.navigation`."""

from nnlab.ui.navigation import run_page

run_page()
