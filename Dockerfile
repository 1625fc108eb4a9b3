FROM python:3.11-slim
WORKDIR /lab
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
ENV NNLAB_DATA=/data NNLAB_RUNS=/runs
VOLUME ["/data", "/runs"]
EXPOSE 8501
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.headless=true"]
