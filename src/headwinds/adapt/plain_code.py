"""The code that a folder for `transformers` shows: the predictions of a model without Headwinds.

It is told for a user to read and to copy, so it is as short as it can be; a test runs it in a process of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.adapt.tasks.contract import writes

if TYPE_CHECKING:
    from headwinds.adapt.fitted_model import FittedModel

LAID_OUT_PLAINLY = ("translation", "summarisation", "text-to-text")

WRITER = """\
import json
import torch
from transformers import {auto}, AutoTokenizer

folder = "."
facts = json.load(open(f"{{folder}}/headwinds.json", encoding="utf-8"))
tokenizer, model = AutoTokenizer.from_pretrained(folder), {auto}.from_pretrained(folder).eval()

def write(text):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"][: facts["most_read"]]
    read = torch.tensor([facts["begin"] + ids + facts["end"]])
    written = model.generate(input_ids=read, attention_mask=torch.ones_like(read), **facts["generate"])[0]
    return tokenizer.decode(written{begun}, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()
"""
CLASSIFIER = """\
import json
{imports}

folder = "."
facts = json.load(open(f"{{folder}}/headwinds.json", encoding="utf-8"))
tokenizer, model = AutoTokenizer.from_pretrained(folder), {auto}.from_pretrained(folder).eval()
{head}
@torch.inference_mode()
def probabilities({texts}):
    windows = tokenizer({texts}, truncation={truncation}, max_length=facts["max_tokens"], stride=facts["stride"],
                        return_overflowing_tokens=True)
{logits}
{shares}
    return dict(zip(facts["labels"], shares.tolist()))
"""
HEAD_FILE = 'head = load_file(f"{folder}/head.safetensors")\n'
OUTPUTS = """\
    outputs = [model(**{{name: torch.tensor([windows[name][number]]) for name in {given} if name in windows}})
               for number in range(len(windows["input_ids"]))]"""
POOLED = """\
    states = torch.cat([one.last_hidden_state[0] for one in outputs])  # of the tokens of all windows"""
MEAN = """\
    logits = head["head.weight"] @ states.mean(0) + head["head.bias"]"""
NORMALISED_MEAN = """\
    pooled = torch.nn.functional.normalize(states.mean(0), dim=0)
    logits = head["head.weight"] @ pooled + head["head.bias"]"""
SMOOTH_MAXIMUM = """\
    each = states @ head["head.weight"].T + head["head.bias"]
    logits = torch.logsumexp(each, 0) - torch.tensor(float(len(each))).log()"""
POOLINGS = {"mean": MEAN, "normalised-mean": NORMALISED_MEAN, "smooth-maximum": SMOOTH_MAXIMUM}
OWN = """\
    logits = torch.cat([one.logits for one in outputs]).mean(0)"""
ONE_LABEL = """\
    shares = (logits / facts["decoder"]["temperature"]).softmax(0)"""
SEVERAL_LABELS = """\
    slope, intercept = (torch.tensor(facts["decoder"][name]) for name in ("slope", "intercept"))
    shares = torch.sigmoid(slope * logits + intercept)"""
RISING_MAPS = """
    for number, knots in enumerate(facts["decoder"]["isotonic"]):
        if knots:
            shares[number] = float(numpy.interp(float(shares[number]), *knots))"""
SUM_OF_ONE = """
    shares = shares / shares.sum()"""


def plain_code(model: FittedModel) -> str | None:
    """Python that predicts with the model's plain folder; None where a task's predictions cannot be told so shortly."""
    if writes(model.task):
        writing = model.facts.decoder["writing"]
        if model.facts.task not in LAID_OUT_PLAINLY or writing["choices"] or writing["grammar"]:
            return None
        alone = model.network.decoder_only
        return WRITER.format(
            auto="AutoModelForCausalLM" if alone else "AutoModelForSeq2SeqLM",
            begun="[read.shape[1] :]" if alone else "",
        )
    from headwinds.adapt.networks.text import TextClassifier

    own = getattr(model.network, "own_head", False)
    if model.facts.task != "text-classification" or not (own or isinstance(model.network, TextClassifier)):
        return None
    decoder = model.facts.decoder
    pairs = bool(decoder.get("pairs"))
    typed = pairs and "token_type_ids" in model.tokenizer.model_input_names
    outputs = OUTPUTS.format(given='("input_ids", "token_type_ids")' if typed else '("input_ids",)')
    auto = "AutoModelForSequenceClassification" if own else "AutoModel"
    loads = "import torch\n" if own else "import torch\nfrom safetensors.torch import load_file\n"
    shares = ONE_LABEL if "temperature" in decoder else SEVERAL_LABELS
    if "isotonic" in decoder:
        loads = f"import numpy\n{loads}"
        shares += RISING_MAPS + (SUM_OF_ONE if "temperature" in decoder else "")
    return CLASSIFIER.format(
        imports=f"{loads}from transformers import {auto}, AutoTokenizer",
        auto=auto,
        head="" if own else HEAD_FILE,
        texts="text, second" if pairs else "text",
        truncation='"only_second"' if pairs else "True",
        logits="\n".join(
            [outputs, OWN] if own else [outputs, POOLED, POOLINGS[model.facts.network["pooling"]]]
        ),
        shares=shares,
    )
