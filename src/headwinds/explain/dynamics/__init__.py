"""What follows what, and when: local projections, and dynamic panels by GMM."""
