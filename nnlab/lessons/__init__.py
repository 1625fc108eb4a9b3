"""The engine of the Learn pages: what each of them shows, computed without Streamlit."""
