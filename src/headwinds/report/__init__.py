"""Tables, figures and the HTML page: renders results, computes nothing."""
