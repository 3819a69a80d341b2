"""What most people write: FastAPI around a `transformers` pipeline, one document a request. Run by `run.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import uvicorn
from benchmarks.scoring.run import Wrapped
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import TextClassificationPipeline

from headwinds.adapt.fitted_model import load_model


class Asked(BaseModel):
    text: str


def main() -> None:
    torch.set_num_threads(2)
    model = load_model(Path(sys.argv[1]))
    classify = TextClassificationPipeline(
        model=Wrapped(model).eval(), tokenizer=model.tokenizer, device="cpu"
    )
    app = FastAPI()

    @app.post("/predict")
    def predict(asked: Asked):
        return {"scores": classify(asked.text, top_k=None, function_to_apply="none")}

    predict.__annotations__["asked"] = Asked
    uvicorn.run(app, port=int(sys.argv[2]), log_level="error")


if __name__ == "__main__":
    main()
