"""How a model is adapted: every setting with its default, named alike in TOML, on the command line and in Python."""

from __future__ import annotations

from dataclasses import dataclass

from headwinds.adapt.settings_rules import check_tune_settings


@dataclass(frozen=True, slots=True)
class TuneSettings:
    """Settings of `tune`.

    Attributes
    ----------
    checkpoint
        "default" (the encoder that is installed with Headwinds), a folder, the name of a model on the hub, or, for tasks
        that write, "scratch:" and an architecture: a new model, with a vocabulary learnt from the training file.
    task, method
        Registered names; see `headwinds.adapt.tasks` and `headwinds.adapt.methods`.
    max_tokens
        Longest window in tokens, special tokens included; 0 takes what the checkpoint allows. A longer text is read
        in several windows whose token states are pooled together: nothing is cut.
    batch_tokens
        Upper bound of tokens (padding included) in one training batch.
    micro_batch_tokens
        A batch is computed in parts of at most so many tokens, with the gradient of the whole: less memory, the same
        model up to rounding and the draws of dropout. 0 computes it at once.
    activation_checkpointing
        What the layers compute is forgotten and computed again on the way back: the same model with less memory, for about
        a third more time. For methods that train inside the encoder, but "prefix".
    epochs, patience
        At most so many passes; stop after `patience` epochs without a better validation score.
    learning_rate, head_learning_rate, weight_decay, warmup_share, gradient_clip
        AdamW with linear warm-up over `warmup_share` of all steps and linear decay to zero (Loshchilov, Hutter 2019);
        the gradient's norm is clipped at `gradient_clip`.
        A rate of 0 takes the method's own: 1e-4 and 3e-3 for "full", larger ones where few numbers are trained.
    schedule
        After the warm-up the rate falls "linear" to zero, or as "inverse-sqrt" of the step (Vaswani et al. 2017).
    rank, virtual_tokens, merge_adapter
        Of the updates of "lora" and "dora", and the width of the bottlenecks of "adapter"; before the text with "prefix",
        "prompt" and "p-tuning"; whether the whole encoder is saved with the adapter merged into it, or the adapter alone.
    frozen_layers
        So many of the lowest layers, with the embeddings, stay as they are; -1 tunes the embeddings too. In models that
        write these are the lowest of the encoder and of the decoder, and the embeddings are tuned with the rest.
    average_decay
        The model that is validated and kept is an exponential moving average of the weights over the steps, with this
        decay (Polyak, Juditsky 1992), which rises to it over the first steps; 0 keeps the last weights.
    pooling
        "mean" of the token states, "normalised-mean" to length 1, or "smooth-maximum" of the tokens' logits: better where
        a few words of a passage decide.
    label_order
        "ordinal-classification": the labels from low to high, with ";" between them; "" takes numbers by their size, and
        names by their order in the codebook.
    class_weights, focal_gamma
        "balanced" gives rare classes (the positives of rare labels) as much weight as common ones; a gamma above 0 takes
        weight from examples that are right already (focal loss). Both cost calibration what they give to rare classes.
    resampling
        "balanced" draws as many training rows of each class in an epoch as of any other, the epoch's number of rows
        unchanged: those of rare classes several times, those of common ones in turn, over the epochs all of them. Of several
        labels a row counts as one of its rarest label's, and rows without any are one more class. The raw outputs then
        hold rare classes to be more common than they are. Validation is untouched, and what is fitted there repairs it:
        wholly the intercepts of several labels and isotonic maps, a single temperature only in part.
    calibration
        What makes probabilities of outputs, fitted on validation. "temperature": one number, or a slope and an intercept for
        each of several labels. "isotonic": after it a rising map for each label (Zadrozny, Elkan 2002), that follows any
        shape but rises in steps, so that texts tie; for one label of several, brought to a sum of 1. A label with fewer
        than 50 validation examples with it or without it keeps the former, and the test says so.
    abstain_risk
        Where a task gives one answer: withhold those that are so unsure that the rest would be wrong more often than this
        (learnt on validation, 95% sure); 0 withholds none.
    head_dropout, encoder_dropout
        Dropout on the pooled state, and on the states inside the encoder, which costs a tenth of the time on a CPU.
        Attention weights have none.
    label_smoothing
        Tasks that write: share of each token's target that is spread over the vocabulary (Szegedy et al. 2016).
    vocabulary
        Tokens of the vocabulary that a checkpoint from scratch learns, at the most.
    beams, length_penalty
        Tasks that write: how many sequences a beam search keeps, 1 for the likeliest token each time; its total
        log-probability is divided by the length to this power.
    temperature, top_p
        A temperature above 0 draws tokens instead, from the likeliest that have `top_p` of the probability together.
    samples
        "code-generation": programs that are drawn for each problem; more than one needs a temperature.
    min_new_tokens, max_new_tokens
        How much is written at the least and at the most; 0 of the latter takes what the longest training target needs.
    choices, grammar
        Tasks that write: only one of these texts (";" between them), or of this regular grammar, is written; "" leaves it
        free. See `adapt.constraints.grammar` for what a grammar may hold.
    control_classifier
        "text-generation": the folder of a fitted text classifier by which control is judged, whose labels are attributes.
    prompt_separator
        What stands between the text and what is to be written, for checkpoints without an encoder.
    long_inputs
        A text longer than the checkpoint reads is read from its beginning and the share is told ("tell"), or it is refused
        ("refuse").
    augment, augment_copies, augment_checkpoint, augment_compare
        So many copies of each training row are learnt from too: "easy" edits (words change places, are left out or said
        again), "masked" (a masked language model puts other words), "back-translation" (two models with ";" between them),
        "generated" (a decoder writes texts for labels); the models are `augment_checkpoint`. With `augment_compare` the
        same is tuned without copies, and both are compared on the validation examples.
    learn_from_labels
        "cloze": whether the model is tuned on labelled examples; else a codebook names the labels and nothing is trained.
    pattern
        "cloze" and "in-context": how a text is put, with {text}, {mask} and of pairs {text_b}; "" takes the method's own.
    verbaliser, verbaliser_words
        "cloze": the words that stand for labels in the gap, "label=word,word; label=word"; "search" finds so many a label on
        the training examples; "" takes the codebook's, else the labels' names where each is one token, else searches.
    calibrate_content_free
        "cloze" and "in-context": what is said of a text without content is taken off (Zhao et al. 2021).
    demonstrations, retrieval
        "in-context": so many labelled examples stand before a text, the nearest ones by the default sentence encoder
        ("encoder") or by words ("tf-idf"); fewer where they do not fit.
    private_epsilon, private_delta, private_clip, private_batch, private_reproducible
        "head": an epsilon above 0 (at most 50) trains it with differential privacy, one training row being what is
        protected; see `training.private` for what is covered. Gradients of rows are clipped at `private_clip`; about
        `private_batch` rows are in a step. The noise is new each time, unless `private_reproducible`: then it hangs on
        `seed`, and protects only from those who do not know it.
    folds
        Cross-fitting folds by document: a passage is only ever scored by a model that saw none of its document.
    validation_share
        Share of each fold's training documents kept for early stopping, calibration and thresholds.
    training_share
        Train on this share of the training examples alone: for learning curves. A larger share holds every smaller one.
    device
        Where to train by gradient: "auto" is a GPU ("cuda") where there is one, else the processor ("cpu"). On a GPU two
        runs of one seed need not end with the same bytes.
    processes, sharding
        So many processes of this machine share every batch, each with a core or a GPU of its own, by the Accelerate library;
        the model is that of one process up to rounding and the draws of dropout. With `sharding` = "full" the weights, their
        gradients and the optimiser's moments are cut into one part a process (FSDP), for models that do not fit in one.
    precision
        "auto" uses bfloat16 autocast where the processor is faster in it, else float32.
    scoring_precision
        Numbers in which the fitted model predicts: "auto" is those of the training; "int8" multiplies bytes, a quarter
        faster where the processor can (AVX-512 VNNI and BF16), and changes few labels. Calibration and thresholds are
        fitted in it. "openvino-int8" does the same by OpenVINO, and is taken only if at least 99.5 % of the label
        decisions on the validation examples are those of the training's precision; `history.json` says what was measured.
    seed
        One seed rules the splits, the initial head, the order of batches and dropout.
    """

    checkpoint: str = "default"
    task: str = "text-classification"
    method: str = "full"
    max_tokens: int = 0
    batch_tokens: int = 2048
    micro_batch_tokens: int = 0
    activation_checkpointing: bool = False
    epochs: int = 6
    patience: int = 3
    learning_rate: float = 0.0
    head_learning_rate: float = 0.0
    weight_decay: float = 0.01
    warmup_share: float = 0.1
    gradient_clip: float = 1.0
    rank: int = 8
    virtual_tokens: int = 16
    merge_adapter: bool = False
    frozen_layers: int = 0
    average_decay: float = 0.97
    pooling: str = "smooth-maximum"
    label_order: str = ""
    class_weights: str = "none"
    focal_gamma: float = 0.0
    resampling: str = "none"
    calibration: str = "temperature"
    abstain_risk: float = 0.0
    head_dropout: float = 0.1
    encoder_dropout: float = 0.0
    schedule: str = "linear"
    label_smoothing: float = 0.0
    vocabulary: int = 8000
    beams: int = 4
    length_penalty: float = 1.0
    temperature: float = 0.0
    top_p: float = 1.0
    samples: int = 1
    min_new_tokens: int = 0
    max_new_tokens: int = 0
    choices: str = ""
    grammar: str = ""
    control_classifier: str = ""
    prompt_separator: str = "\n"
    long_inputs: str = "tell"
    augment: str = ""
    augment_copies: int = 1
    augment_checkpoint: str = ""
    augment_compare: bool = False
    learn_from_labels: bool = True
    pattern: str = ""
    verbaliser: str = ""
    verbaliser_words: int = 1
    calibrate_content_free: bool = True
    demonstrations: int = 4
    retrieval: str = "encoder"
    private_epsilon: float = 0.0
    private_delta: float = 1e-5
    private_clip: float = 1.0
    private_batch: int = 64
    private_reproducible: bool = False
    folds: int = 5
    validation_share: float = 0.1
    training_share: float = 1.0
    device: str = "auto"
    processes: int = 1
    sharding: str = "none"
    precision: str = "auto"
    scoring_precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        check_tune_settings(self)
