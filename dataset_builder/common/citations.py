"""How the work that this rests on is cited, in cards."""

SUBGOAL_DISTILLATION = """\
@inproceedings{hashemzadeh2024subgoal,
  title     = {Sub-goal Distillation: A Method to Improve Small Language Agents},
  author    = {Hashemzadeh, Maryam and Stengel-Eskin, Elias and Chandar, Sarath and
               C{\\^o}t{\\'e}, Marc-Alexandre},
  booktitle = {Proceedings of The 3rd Conference on Lifelong Learning Agents (CoLLAs)},
  series    = {Proceedings of Machine Learning Research},
  volume    = {274},
  pages     = {1053--1075},
  year      = {2024},
  eprint    = {2405.02749},
  archivePrefix = {arXiv}
}"""

SCIENCEWORLD = """\
@inproceedings{wang2022scienceworld,
  title     = {{ScienceWorld}: Is your Agent Smarter than a 5th Grader?},
  author    = {Wang, Ruoyao and Jansen, Peter and
               C{\\^o}t{\\'e}, Marc-Alexandre and Ammanabrolu, Prithviraj},
  booktitle = {Proceedings of the 2022 Conference on Empirical Methods in Natural Language
               Processing (EMNLP)},
  pages     = {11279--11298},
  year      = {2022},
  eprint    = {2203.07540},
  archivePrefix = {arXiv}
}"""

AGENT_DISTILLATION = """\
@article{kang2025distilling,
  title   = {Distilling {LLM} Agent into Small Models with Retrieval and Code Tools},
  author  = {Kang, Minki and Jeong, Jongwon and Lee, Seanie and Cho, Jaewoong and Hwang, Sung Ju},
  journal = {arXiv preprint arXiv:2505.17612},
  year    = {2025}
}"""

BIBTEX = f"{SUBGOAL_DISTILLATION}\n\n{SCIENCEWORLD}"
