"""Learning weights from labelled lines. It knows no models: ``flows.wiring`` brings what they say.

``opinion``  how much a rule's word and the model's chance are worth together
``tone``     what classifier, second opinion and the turns around a turn are worth for its tone
"""
